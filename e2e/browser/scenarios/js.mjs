// passage-js, called by a page.

import assert from 'node:assert/strict';

import { ORIGIN } from '../stage.mjs';

const register = (psg, identifier) => psg.passkey.register(identifier);
const login = (psg, identifier) => psg.passkey.login(identifier);
const info = (psg) => psg.currentUser.userInfo();
const signOut = (psg) => psg.session.signOut();

/** A visitor who has registered with a passkey: at once, or after they have proved their address, where that is needed. */
async function registered(visitor, email) {
  const { stage } = visitor;
  if (stage.server.mode === 'dev') return visitor.run(register, email);
  const { otpId } = await visitor.run((psg, email) => psg.oneTimePasscode.register(email), email);
  const { code } = await stage.message(email);
  const result = await visitor.run((psg, [code, id]) => psg.oneTimePasscode.activate(code, id), [code, otpId]);
  await visitor.run((psg) => psg.currentUser.addPasskey());
  return result;
}

/** That the page is signed in, by the server's own word. */
async function assertSignedIn(visitor, email) {
  assert.equal((await visitor.run(info)).email, email);
  assert.equal(await visitor.run((psg) => psg.session.authGuard()), true);
}

/** That nobody is signed in. */
async function assertSignedOut(visitor) {
  assert.equal(await visitor.run((psg) => psg.session.authGuard()), false);
  await assert.rejects(visitor.run(info));
}

/** What the server says to a refresh token. */
async function refreshStatus(stage, token) {
  const { status } = await stage.call('POST', `/auth/v1/apps/${stage.server.app_id}/tokens`, { refresh_token: token });
  return status;
}

export default {
  'js: register with a passkey': {
    modes: ['dev'],
    async run(visitor, stage) {
      const result = await registered(visitor, 'register@example.com');
      assert.match(result.authToken, /^ey/);
      assert.ok(result.refreshToken);
      await assertSignedIn(visitor, 'register@example.com');
      const [passkey] = await visitor.passkeys();
      assert.equal(passkey.rpId, new URL(ORIGIN).host);
      assert.equal(passkey.isResidentCredential, true);
      const user = await stage.user('register@example.com');
      assert.equal(user.status, 'active');
      assert.equal(user.webauthn_devices.length, 1);
    },
  },

  'js: an identifier that is taken is not registered again': {
    modes: ['dev'],
    async run(visitor) {
      await registered(visitor, 'taken@example.com');
      await visitor.authenticator();
      await assert.rejects(visitor.run(register, 'taken@example.com'), /already exists/i);
      assert.deepEqual(await visitor.passkeys(), []);
    },
  },

  'js: log in by identifier': {
    async run(visitor, stage) {
      await registered(visitor, 'login@example.com');
      await visitor.run(signOut);
      await assertSignedOut(visitor);
      await visitor.run(login, 'login@example.com');
      await assertSignedIn(visitor, 'login@example.com');
      assert.equal((await stage.user('login@example.com')).login_count, 2);
    },
  },

  'js: log in with a discoverable passkey': {
    async run(visitor) {
      await registered(visitor, 'discover@example.com');
      await visitor.run(signOut);
      await visitor.run(login);
      await assertSignedIn(visitor, 'discover@example.com');
    },
  },

  'js: log in by autofill': {
    async run(visitor) {
      await registered(visitor, 'autofill@example.com');
      await visitor.run(signOut);
      await visitor.page.evaluate(() => {
        const field = document.createElement('input');
        field.autocomplete = 'username webauthn';
        document.body.append(field);
        field.focus();
      });
      await visitor.run((psg) => psg.passkey.login(undefined, { isConditionalMediation: true }));
      await assertSignedIn(visitor, 'autofill@example.com');
    },
  },

  'js: a passkey that was revoked does not log in': {
    async run(visitor, stage) {
      await registered(visitor, 'revoked@example.com');
      await visitor.run(signOut);
      const user = await stage.user('revoked@example.com');
      const path = `/api/v1/apps/${stage.server.app_id}/users/${user.id}/devices/${user.webauthn_devices[0].id}`;
      assert.equal((await stage.call('DELETE', path)).status, 200);
      await assert.rejects(visitor.run(login));
      await assertSignedOut(visitor);
    },
  },

  'js: refresh': {
    async run(visitor, stage) {
      const first = await registered(visitor, 'refresh@example.com');
      const second = await visitor.run((psg) => psg.session.refresh());
      assert.notEqual(second.refreshToken, first.refreshToken);
      await assertSignedIn(visitor, 'refresh@example.com');
      // Another tab that shows the token at the same time gets the same successor.
      assert.equal(await refreshStatus(stage, first.refreshToken), 201);
      assert.equal(await refreshStatus(stage, second.refreshToken), 201);
      // Once the successor was used, whoever shows the first token again ends the session.
      assert.equal(await refreshStatus(stage, first.refreshToken), 401);
      assert.equal(await refreshStatus(stage, second.refreshToken), 401);
    },
  },

  'js: an auth token that has run out is renewed': {
    async run(visitor, stage) {
      await registered(visitor, 'renew@example.com');
      await visitor.page.evaluate(() => {
        const [head, body] = localStorage.getItem('psg_auth_token').split('.');
        const claims = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')));
        claims.exp = 1;
        localStorage.setItem('psg_auth_token', `${head}.${btoa(JSON.stringify(claims))}.x`);
        document.cookie = 'psg_auth_token=; max-age=0';
      });
      await visitor.run((psg) => psg.session.getAuthToken());
      const { method, url, status } = stage.exchanges.at(-1);
      assert.deepEqual([method, url.split('/').at(-1), status], ['POST', 'tokens', 201]);
      await assertSignedIn(visitor, 'renew@example.com');
    },
  },

  'js: sign out': {
    async run(visitor, stage) {
      const { refreshToken } = await registered(visitor, 'out@example.com');
      assert.equal(await visitor.run(signOut), true);
      await assertSignedOut(visitor);
      assert.equal(await refreshStatus(stage, refreshToken), 401);
    },
  },

  'js: register and log in with one-time codes': {
    async run(visitor, stage) {
      const email = 'codes@example.com';
      for (const step of ['register', 'login']) {
        await stage.forget();
        const sent = await visitor.run((psg, [step, email]) => psg.oneTimePasscode[step](email), [step, email]);
        const { code } = await stage.message(email);
        const wrong = code === '000000' ? '000001' : '000000';
        const activate = (psg, [code, id]) => psg.oneTimePasscode.activate(code, id);
        await assert.rejects(visitor.run(activate, [wrong, sent.otpId]));
        const result = await visitor.run(activate, [code, sent.otpId]);
        assert.match(result.authToken, /^ey/);
        await assertSignedIn(visitor, email);
        await visitor.run(signOut);
      }
      const user = await stage.user(email);
      assert.deepEqual([user.email_verified, user.login_count], [true, 2]);
    },
  },

  'js: five wrong codes end a one-time code': {
    async run(visitor, stage) {
      const email = 'wrong@example.com';
      const { otpId } = await visitor.run((psg, email) => psg.oneTimePasscode.register(email), email);
      const { code } = await stage.message(email);
      const wrong = code === '000000' ? '000001' : '000000';
      const activate = (psg, [code, id]) => psg.oneTimePasscode.activate(code, id);
      for (let tries = 0; tries < 5; tries += 1) await assert.rejects(visitor.run(activate, [wrong, otpId]));
      await assert.rejects(visitor.run(activate, [code, otpId]), /attempts/i);
      await assertSignedOut(visitor);
    },
  },

  'js: register and log in with magic links, opened from the mailbox': {
    async run(visitor, stage) {
      const email = 'link@example.com';
      for (const step of ['register', 'login']) {
        await stage.forget();
        const { id } = await visitor.run((psg, [step, email]) => psg.magicLink[step](email), [step, email]);
        const status = (psg, id) => psg.magicLink.status(id);
        await assert.rejects(visitor.run(status, id), 'the link is not open yet');

        // Another browser opens the mailbox and clicks.
        const reader = await stage.visitor('/');
        const { url } = await stage.message(email);
        if (stage.server.mode === 'dev') {
          await reader.page.goto(`${stage.server.url}/_dev/outbox?to=${encodeURIComponent(email)}`);
          await reader.page.locator('article a').first().click();
        } else {
          await reader.page.goto(url);
        }
        await reader.page.waitForURL((url) => url.origin === ORIGIN && url.searchParams.has('psg_magic_link'));
        const open = (psg) => psg.magicLink.activate(new URLSearchParams(location.search).get('psg_magic_link'));
        await reader.run(open);
        await assertSignedIn(reader, email);
        await assert.rejects(reader.run(open), 'a link opens once');
        await reader.leave();

        // Who waited is signed in too.
        await visitor.run(status, id);
        await assertSignedIn(visitor, email);
        await visitor.run(signOut);
      }
      assert.equal((await stage.user(email)).email_verified, true);
    },
  },

  'js: add, rename and remove a passkey': {
    async run(visitor, stage) {
      const email = 'devices@example.com';
      await registered(visitor, email);
      const add = (psg) => psg.currentUser.addPasskey();
      await assert.rejects(visitor.run(add), 'the authenticator has a passkey of this user already');

      await visitor.authenticator('usb');
      const added = await visitor.run((psg) =>
        psg.currentUser.addPasskey({ authenticatorAttachment: 'cross-platform' }),
      );
      assert.equal((await visitor.passkeys()).length, 1);
      const passkeys = await visitor.run((psg) => psg.currentUser.passkeys());
      assert.equal(passkeys.length, 2);
      const renamed = await visitor.run((psg, id) => psg.currentUser.editPasskey(id, 'My key'), added.id);
      assert.equal(renamed.friendlyName, 'My key');

      await visitor.run(signOut);
      await visitor.run(login, email);
      await assertSignedIn(visitor, email);

      const first = passkeys.find(({ id }) => id !== added.id);
      assert.equal(await visitor.run((psg, passkey) => psg.currentUser.deletePasskey(passkey), first), true);
      const left = (await stage.user(email)).webauthn_devices;
      assert.deepEqual(left.map(({ friendly_name }) => friendly_name), ['My key']);
    },
  },

  'js: change the e-mail address': {
    async run(visitor, stage) {
      await registered(visitor, 'before@example.com');
      await visitor.run((psg) => psg.currentUser.changeEmail('after@example.com'));
      assert.equal((await visitor.run(info)).email, 'before@example.com');
      const { url } = await stage.message('after@example.com');
      await visitor.page.goto(url);
      await visitor.run((psg) => psg.magicLink.activate(new URLSearchParams(location.search).get('psg_magic_link')));
      await assertSignedIn(visitor, 'after@example.com');
    },
  },

  'js: metadata': {
    modes: ['dev'],
    async run(visitor, stage) {
      await registered(visitor, 'metadata@example.com');
      await visitor.run((psg) => psg.currentUser.updateMetadata({ display_name: 'Ada', seats: 3 }));
      const metadata = await visitor.run((psg) => psg.currentUser.metadata());
      assert.deepEqual(metadata.userMetadata ?? metadata.user_metadata ?? metadata, { display_name: 'Ada', seats: 3 });
      await assert.rejects(visitor.run((psg) => psg.currentUser.updateMetadata({ role: 'admin' })));
      const { user_metadata: stored } = await stage.user('metadata@example.com');
      assert.deepEqual(stored, { display_name: 'Ada', seats: 3 });
    },
  },

  'js: the app, and what browsers can do': {
    async run(visitor, stage) {
      const app = await visitor.run((psg) => psg.app.info());
      assert.deepEqual([app.id, app.authOrigin], [stage.server.app_id, ORIGIN]);
      assert.equal(await visitor.run((psg) => psg.passkey.checkPasskeyOrigin()), true);
      assert.equal(await visitor.run((psg) => psg.app.userExists('nobody@example.com')), null);
    },
  },
};
