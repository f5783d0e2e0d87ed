// A visitor who has not proved their address, where that is needed: the default of `serve`.

import assert from 'node:assert/strict';

const prove = async (visitor, stage, email) => {
  const { otpId } = await visitor.run((psg, email) => psg.oneTimePasscode.register(email), email);
  const { code } = await stage.message(email);
  await visitor.run((psg, [code, id]) => psg.oneTimePasscode.activate(code, id), [code, otpId]);
};

export default {
  'unproved: the app says that addresses are proved first': {
    modes: ['serve'],
    async run(visitor, stage) {
      assert.equal(stage.server.proves, true);
      const app = await visitor.run((psg) => psg.app.info());
      assert.equal(app.requireIdentifierVerification, true);
    },
  },

  'unproved: passkey.register() is refused, and no key is made': {
    modes: ['serve'],
    async run(visitor, stage) {
      const email = 'unproved@example.com';
      await assert.rejects(
        visitor.run((psg, email) => psg.passkey.register(email), email),
        ({ statusCode }) => statusCode === 403,
      );
      assert.equal(stage.exchanges.at(-1).status, 403);
      assert.equal(JSON.parse(stage.exchanges.at(-1).got).code, 'identifier_not_verified');
      assert.deepEqual(await visitor.passkeys(), []);
      const user = await stage.user(email);
      assert.equal(user?.webauthn_devices.length ?? 0, 0);
    },
  },

  'unproved: a code, then currentUser.addPasskey()': {
    modes: ['serve'],
    async run(visitor, stage) {
      const email = 'proved@example.com';
      await prove(visitor, stage, email);
      await visitor.run((psg) => psg.currentUser.addPasskey());
      const user = await stage.user(email);
      assert.deepEqual([user.email_verified, user.webauthn_devices.length], [true, 1]);
      await visitor.run((psg) => psg.session.signOut());
      await visitor.run((psg, email) => psg.passkey.login(email), email);
      assert.equal((await visitor.run((psg) => psg.currentUser.userInfo())).email, email);
    },
  },
};
