// Runs every scenario, one after the other, against one server. `cargo xtask browser-test` calls this.

import { join } from 'node:path';
import { parseArgs } from 'node:util';

import elements from './scenarios/elements.mjs';
import js from './scenarios/js.mjs';
import { pages } from './pages.mjs';
import { Stage } from './stage.mjs';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string' },
    folder: { type: 'string' },
    chromium: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

const scenarios = Object.entries({ ...js, ...elements }).filter(([name]) => name.includes(options.only));
if (!scenarios.length) {
  console.error(`no scenario has ${options.only} in its name`);
  process.exit(1);
}

const stage = await Stage.open({
  binary: options.server,
  folder: options.folder,
  chromium: options.chromium,
  pages: await pages(options.folder),
});
console.log(`${options.chromium}, version ${stage.browser.version()}`);
let failed = 0;
try {
  for (const [name, scenario] of scenarios) {
    const [first, started] = [stage.exchanges.length, Date.now()];
    let visitor;
    try {
      visitor = await stage.visitor(scenario.path);
      await scenario.run(visitor, stage);
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
if (stage.elsewhere.size) {
  console.log(`pages also asked for, and did not get: ${[...stage.elsewhere].sort().join(', ')}`);
}
console.log(`${scenarios.length - failed} of ${scenarios.length} scenarios work; ${stage.exchanges.length} requests`);
process.exit(failed ? 1 : 0);
