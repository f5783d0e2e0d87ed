// The app: a page for each package, bundled as an app would do it.

import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ORIGIN } from './stage.mjs';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** A script with packages as they were published, as one file. */
async function bundle(folder, source) {
  const { build } = createRequire(join(folder, 'package.json'))('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0].contents;
}

/** A page that sends a form as soon as it is looked at. */
const formTo = (action) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Form</title>
<form method="post" action="${action}"></form><script>document.forms[0].submit()</script></html>`;

/** What answers a path of the app, or of another host, made for an app. */
export async function pages(folder) {
  const scripts = {
    '/js.js': await bundle(
      folder,
      `import { Passage } from '@passageidentity/passage-js';
       globalThis.psg = new Passage(document.documentElement.dataset.app);`,
    ),
    '/elements.js': await bundle(
      folder,
      `import '@passageidentity/passage-elements/passage-auth';
       import '@passageidentity/passage-elements/passage-login';
       import '@passageidentity/passage-elements/passage-register';
       import '@passageidentity/passage-elements/passage-profile';`,
    ),
  };
  const page = (app, script, body) => ({
    type: HTML,
    body: `<!doctype html><html lang="en" data-app="${app}"><meta charset="utf-8"><title>App</title>
${body}<script type="module" src="${script}"></script></html>`,
  });
  const element = /^\/elements\/(auth|login|register|profile)$/;
  const form = /^\/forms(\/services\/[a-z]+\/deactivate)$/;
  return (app) => (host, path) => {
    // Everybody can put a form on a page.
    const action = form.exec(path)?.[1];
    if (action) return { type: HTML, body: formTo(`${ORIGIN}${action}`) };
    if (host) return { type: HTML, body: '<!doctype html><title>Other</title>' };
    if (scripts[path]) return { type: SCRIPT, body: scripts[path] };
    // The path of a link, unless the page that asked for it names another.
    if (path === '/' || path === '/js') return page(app, '/js.js', '<p id="here">passage-js</p>');
    const name = element.exec(path)?.[1];
    return name && page(app, '/elements.js', `<passage-${name} app-id="${app}"></passage-${name}>`);
  };
}
