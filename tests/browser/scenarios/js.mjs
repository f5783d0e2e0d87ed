// passage-js, called by a page.

import assert from 'node:assert/strict';

import { ORIGIN } from '../stage.mjs';

const register = (psg, identifier) => psg.passkey.register(identifier);
const login = (psg, identifier) => psg.passkey.login(identifier);
const info = (psg) => psg.currentUser.userInfo();

/** That the tokens are good, by the server's own word. */
async function assertSignedIn(visitor, result, email) {
  assert.match(result.authToken ?? result.auth_token, /^ey/);
  const user = await visitor.run(info);
  assert.equal(user.email, email);
  assert.equal(await visitor.run((psg) => psg.session.authGuard()), true);
}

export default {
  'js: register with a passkey': {
    async run(visitor, stage) {
      await visitor.authenticator();
      const result = await visitor.run(register, 'register@example.com');
      console.log(JSON.stringify(result).slice(0, 400));
      await assertSignedIn(visitor, result, 'register@example.com');
      const [passkey] = await visitor.passkeys();
      assert.equal(passkey.rpId, new URL(ORIGIN).host);
      assert.equal(passkey.isResidentCredential, true);
      const user = await stage.user('register@example.com');
      assert.equal(user.status, 'active');
      assert.equal(user.webauthn_devices.length, 1);
    },
  },
};
