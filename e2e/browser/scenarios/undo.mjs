// The page where the owner of an account undoes a change of address, as a person sees it.

import assert from 'node:assert/strict';
import { join } from 'node:path';

export default {
  'undo: the owner of the old address presses the button, on a phone': {
    async run(visitor, stage) {
      const [old, stranger] = ['owner@example.com', 'stranger@example.com'];
      const { otpId } = await visitor.run((psg, email) => psg.oneTimePasscode.register(email), old);
      const { code } = await stage.message(old);
      await visitor.run((psg, [code, id]) => psg.oneTimePasscode.activate(code, id), [code, otpId]);
      const { id } = await stage.user(old);
      await visitor.run((psg, email) => psg.currentUser.changeEmail(email), stranger);
      const change = new URL((await stage.message(stranger)).url).searchParams.get('psg_magic_link');
      await stage.forget();
      // Whether that signs in does not matter here.
      await visitor.run((psg, link) => psg.magicLink.activate(link).then(() => {}, () => {}), change);
      assert.equal((await stage.user(stranger)).id, id);

      const { url } = await stage.message(old);
      const context = await stage.browser.newContext({
        viewport: { width: 360, height: 640 },
        javaScriptEnabled: false,
        isMobile: true,
      });
      try {
        const page = await context.newPage();
        const problems = [];
        page.on('console', (message) => problems.push(message.text()));
        await page.goto(url);
        await page.screenshot({ path: join(stage.folder, 'undo.png') });
        assert.equal(await page.evaluate('document.documentElement.scrollWidth <= 360'), true, 'it fits on a phone');
        const style = await page.evaluate('getComputedStyle(document.querySelector("button")).backgroundColor');
        assert.equal(style, 'rgb(11, 87, 208)', 'the policy lets the style of the page in');
        await page.getByRole('button', { name: 'Undo the change' }).click();
        await page.getByRole('heading', { name: 'The change is undone' }).waitFor();
        assert.ok(!page.url().includes('token='), page.url());
        await page.screenshot({ path: join(stage.folder, 'undone.png') });
        await page.goto(url);
        await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
        assert.deepEqual(problems.filter((text) => !text.includes('404')), []);
      } finally {
        await context.close();
      }
      const user = await stage.user(old);
      assert.deepEqual([user.id, user.email_verified], [id, true]);
    },
  },
};
