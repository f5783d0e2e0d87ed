// A page of another site that sends a form to a service of the app, whose users are known by the cookie that passage-js sets.

import assert from 'node:assert/strict';

import { ORIGIN, OTHER_ORIGIN } from '../stage.mjs';

/** Signs in, then looks at a page with a form: how the service answered, and what became of the user. */
async function submit(visitor, stage, email, page) {
  const { otpId } = await visitor.run((psg, email) => psg.oneTimePasscode.register(email), email);
  const { code } = await stage.message(email);
  await visitor.run((psg, [code, id]) => psg.oneTimePasscode.activate(code, id), [code, otpId]);
  const [cookie] = (await visitor.context.cookies(ORIGIN)).filter(({ name }) => name === 'psg_auth_token');
  assert.ok(cookie, 'passage-js sets a cookie');
  const answered = visitor.page.waitForResponse((reply) => reply.request().method() === 'POST');
  await visitor.page.goto(page, { waitUntil: 'commit' });
  const reply = await answered;
  // What the browser sent along, so that nothing passes for want of a cookie.
  const sent = await reply.request().allHeaders();
  assert.match(sent.cookie ?? '', /psg_auth_token=ey/);
  return { status: reply.status(), user: (await stage.user(email)).status, site: sent['sec-fetch-site'] };
}

export default {
  'cross-site: a form on another site does nothing': {
    async run(visitor, stage) {
      const page = `${OTHER_ORIGIN}/forms/services/checked/deactivate`;
      const seen = await submit(visitor, stage, 'victim@example.com', page);
      assert.deepEqual(seen, { status: 403, user: 'active', site: 'cross-site' });
    },
  },

  'cross-site: the same form on a page of the app works': {
    async run(visitor, stage) {
      const page = `${ORIGIN}/forms/services/checked/deactivate`;
      const seen = await submit(visitor, stage, 'own-page@example.com', page);
      assert.deepEqual(seen, { status: 200, user: 'inactive', site: 'same-origin' });
    },
  },

  // So that the first of these can fail.
  'cross-site: without the check the form on another site works': {
    async run(visitor, stage) {
      const page = `${OTHER_ORIGIN}/forms/services/unchecked/deactivate`;
      const seen = await submit(visitor, stage, 'unchecked@example.com', page);
      assert.deepEqual(seen, { status: 200, user: 'inactive', site: 'cross-site' });
    },
  },
};
