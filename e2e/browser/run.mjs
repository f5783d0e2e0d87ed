// Runs every scenario, one after the other, against one server in each of its modes. `cargo xtask browser-test` calls this.

import { join } from 'node:path';
import { parseArgs } from 'node:util';

import crossSite from './scenarios/cross-site.mjs';
import elements from './scenarios/elements.mjs';
import js from './scenarios/js.mjs';
import mails from './scenarios/mails.mjs';
import undo from './scenarios/undo.mjs';
import unproved from './scenarios/unproved.mjs';
import { pages } from './pages.mjs';
import { MODES } from './servers.mjs';
import { Stage } from './stage.mjs';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    services: { type: 'string' },
    folder: { type: 'string' },
    chromium: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

const all = { ...js, ...elements, ...crossSite, ...undo, ...unproved, ...mails };
const scenarios = Object.entries(all).flatMap(([name, scenario]) =>
  (scenario.modes ?? MODES).map((mode) => ({ ...scenario, mode, name: `${mode}: ${name}` })),
);
const chosen = scenarios.filter(({ name }) => name.includes(options.only));
if (!chosen.length) {
  console.error(`no scenario has ${options.only} in its name`);
  process.exit(1);
}

let [failed, requests] = [0, 0];

/** Runs the scenarios for a mode on a stage of their own. */
async function perform(mode, scenarios, pages) {
  const stage = await Stage.open({
    mode,
    binary: options.server,
    services: options.services,
    folder: options.folder,
    chromium: options.chromium,
    pages,
  });
  console.log(`${mode}: ${options.chromium}, version ${stage.browser.version()}`);
  try {
    for (const { name, path, run } of scenarios) {
      const [first, started] = [stage.exchanges.length, Date.now()];
      let visitor;
      try {
        visitor = await stage.visitor(path);
        await run(visitor, stage);
        console.log(`ok      ${name} (${Date.now() - started} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}: ${error.stack}`);
        for (const { method, url, sent, status, got } of stage.exchanges.slice(first)) {
          console.log(`  ${method} ${url} ${sent}\n    ${status} ${got}`);
        }
        for (const error of visitor?.errors ?? []) console.log(`  in the page: ${error}`);
        const picture = join(options.folder, 'failed.png');
        await visitor?.page.screenshot({ path: picture }).then(() => console.log(`  ${picture}`), () => {});
      }
      await visitor?.leave();
    }
  } finally {
    await stage.close();
  }
  requests += stage.exchanges.length;
  if (stage.elsewhere.size) {
    console.log(`pages also asked for, and did not get: ${[...stage.elsewhere].sort().join(', ')}`);
  }
}

const made = await pages(options.folder);
for (const mode of MODES) {
  const own = chosen.filter((scenario) => scenario.mode === mode);
  if (own.length) await perform(mode, own, made);
}
console.log(`${chosen.length - failed} of ${chosen.length} scenarios work; ${requests} requests`);
process.exit(failed ? 1 : 0);
