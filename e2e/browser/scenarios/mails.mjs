// What mail readers make of the text of our mails: they turn whatever looks like an address of a page into a link.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ORIGIN } from '../stage.mjs';

/** Paths that whoever asks for a link might want in somebody else's mail. */
const PATHS = [
  undefined,
  '/welcome',
  '/>https://evil.example/login',
  '/"https://evil.example/login',
  '/)https://evil.example/login',
  '/|https://evil.example/',
  '/\\https://evil.example/',
  '/ https://evil.example/login',
  '/\nhttps://evil.example/login',
  '/\u00a0https://evil.example/',
  '/\u2028https://evil.example/',
  '/\u3002https://evil.example/',
  '/、https://evil.example/',
  '/a,https://evil.example/',
  '/a;https://evil.example/',
  "/a'https://evil.example/",
  '/a]https://evil.example/',
  '/a}https://evil.example/',
  '/a`https://evil.example/',
  '/a^www.evil.example/',
  '/<a href=https://evil.example>',
  '/?next=https://evil.example/',
  '/?psg_magic_link=ml.theirs',
  '/#https://evil.example/',
  '//evil.example/',
  'https://evil.example/',
  '@evil.example/',
  '.evil.example/',
  ':443@evil.example/',
  `/${'a'.repeat(3000)}`,
];

const AGENTS = ['Mozilla/5.0', 'https://evil.example/ Chrome/99', 'www.evil.example', '"><a href="https://evil.example">x</a>'];

/** The links that two widely used libraries see in a text. */
function linkifiers(folder) {
  const require = createRequire(join(folder, 'package.json'));
  const { LinkifyIt } = require('linkify-it');
  const { find } = require('linkifyjs');
  const it = new LinkifyIt();
  return {
    'linkify-it': (text) => (it.match(text) ?? []).map(({ url }) => url),
    linkifyjs: (text) => find(text).map(({ href }) => href),
  };
}

export default {
  'mails: mail readers see one link in a mail, and it is ours': {
    async run(visitor, stage) {
      const readers = linkifiers(stage.folder);
      const email = 'reader@example.com';
      const api = `${stage.server.url}/auth/v1/apps/${stage.server.app_id}`;
      const ask = (path, step, agent) =>
        fetch(`${api}/${step}/magic-link`, {
          method: 'POST',
          headers: { 'user-agent': agent },
          body: JSON.stringify({ identifier: email, magic_link_path: path }),
        });
      let sent = 0;
      const check = async (path, step, agent) => {
        await stage.forget();
        const reply = await ask(path, step, agent);
        if (reply.status === 400) {
          assert.notEqual(path, undefined);
          return;
        }
        assert.ok(reply.ok, `${path}: ${reply.status}`);
        const { text, url } = await stage.message(email);
        sent += 1;
        assert.ok(text.split('\n').includes(url), `the URL is not alone on its line: ${text}`);
        for (const [name, links] of Object.entries(readers)) {
          assert.deepEqual(links(text), [url], `${name}, path ${JSON.stringify(path)}, by ${agent}`);
        }
        const link = new URL(url);
        assert.equal(link.origin, ORIGIN);
        assert.equal(link.searchParams.getAll('psg_magic_link').length, 1, url);
        assert.doesNotMatch(url, /theirs/);
        // A development server leaves the query and the fragment as they are asked for.
        if (stage.server.mode === 'serve') assert.doesNotMatch(url, /evil/);
      };
      await check(undefined, 'register', AGENTS[0]);
      // An account exists from here on, whatever the mode.
      await stage.call('PATCH', `/api/v1/apps/${stage.server.app_id}/users/${(await stage.user(email)).id}/activate`);
      for (const path of PATHS) await check(path, 'login', AGENTS[0]);
      for (const agent of AGENTS) await check('/', 'login', agent);
      assert.ok(sent > AGENTS.length, 'mails were read');
    },
  },
};
