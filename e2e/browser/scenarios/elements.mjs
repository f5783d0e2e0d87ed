// passage-elements, as visitors use them.

import assert from 'node:assert/strict';

import { ORIGIN } from '../stage.mjs';

const at = (visitor, id) => visitor.page.getByTestId(id).first();

/** Types an identifier into the element of the page, and goes on. */
async function say(visitor, email) {
  await visitor.page.locator('#identifier').first().fill(email);
  await at(visitor, 'continue-button').click();
}

/** That the element has led to the app's page, signed in. */
async function assertSignedIn(visitor, email) {
  await visitor.page.waitForURL(`${ORIGIN}/`);
  assert.equal((await visitor.run((psg) => psg.currentUser.userInfo())).email, email);
}

/** Registers with a passkey through the element, which asks for a code first where an address must be proved. */
async function registered(visitor, email) {
  await say(visitor, email);
  if (visitor.stage.server.proves) {
    await typeCode(visitor, visitor.stage, email);
    await at(visitor, 'save-device-button').click();
  } else {
    await at(visitor, 'register-main-button').click();
  }
  await assertSignedIn(visitor, email);
}

/** Comes back to the element, which remembers who was here last. */
async function comeBack(visitor, email) {
  await visitor.page.goto(`${ORIGIN}/elements/login`);
  await visitor.page.getByText(email).filter({ visible: true }).waitFor();
  await visitor.page.getByText('continue', { exact: true }).filter({ visible: true }).click();
}

/** Types the code that was sent. */
async function typeCode(visitor, stage, email) {
  await at(visitor, 'otp-single-input-0').click();
  await visitor.page.keyboard.type((await stage.message(email)).code);
}

export default {
  'elements: register with a passkey': {
    path: '/elements/register',
    async run(visitor, stage) {
      await registered(visitor, 'element@example.com');
      assert.equal((await visitor.passkeys()).length, 1);
      assert.equal((await stage.user('element@example.com')).webauthn_devices.length, 1);
    },
  },

  'elements: log in with a passkey': {
    path: '/elements/register',
    async run(visitor, stage) {
      await registered(visitor, 'element-login@example.com');
      await visitor.run((psg) => psg.session.signOut());
      await comeBack(visitor, 'element-login@example.com');
      await assertSignedIn(visitor, 'element-login@example.com');
      assert.equal((await stage.user('element-login@example.com')).login_count, 2);
    },
  },

  'elements: register and log in with one-time codes': {
    path: '/elements/register',
    async run(visitor, stage) {
      const email = 'element-code@example.com';
      await say(visitor, email);
      const { proves } = stage.server;
      if (!proves) await at(visitor, 'register-email-button').click();
      await typeCode(visitor, stage, email);
      // Where everybody proves their address first, everybody is offered a passkey then.
      if (proves) await at(visitor, 'add-device-skip').click();
      await assertSignedIn(visitor, email);
      await visitor.run((psg) => psg.session.signOut());
      await stage.forget();

      await comeBack(visitor, email);
      await typeCode(visitor, stage, email);
      // Who came in by a code twice is offered a passkey.
      await visitor.page.getByText('add-passkey', { exact: true }).filter({ visible: true }).last().click();
      await assertSignedIn(visitor, email);
      assert.equal((await stage.user(email)).webauthn_devices.length, 1);
    },
  },

  'elements: profile, with a second passkey': {
    path: '/elements/register',
    async run(visitor, stage) {
      const email = 'element-profile@example.com';
      await registered(visitor, email);
      await visitor.page.goto(`${ORIGIN}/elements/profile`);
      await at(visitor, 'passkey-table-row-0-device-name').waitFor();
      assert.equal(await at(visitor, 'profile-email-input').inputValue(), email);
      await visitor.authenticator();
      await at(visitor, 'add-passkey-button').click();
      await visitor.page.getByRole('button', { name: 'continue', exact: true }).click();
      await at(visitor, 'passkey-table-row-1-device-name').waitFor();
      assert.equal((await stage.user(email)).webauthn_devices.length, 2);
    },
  },
};
