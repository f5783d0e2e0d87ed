// The server, in both of its modes: `dev` answers as documented, `serve` as it does in production.

import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Mailbox } from './mailbox.mjs';

/** Starts a program, and reads the line of JSON that it prints when it is ready. */
export async function start(program, words, env = {}) {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout });
  const ready = await new Promise((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  return { ...ready, stop: () => child.kill('SIGTERM') };
}

async function json(url, options) {
  const reply = await fetch(url, options);
  const text = await reply.text();
  return { status: reply.status, body: text ? JSON.parse(text) : null };
}

/** A development server, whose messages stay in its outbox. */
async function dev(binary, origin) {
  const fields = ['display_name:string:profile', 'seats:integer:profile', 'role:string:backend'];
  const metadata = fields.flatMap((field) => ['--metadata', field]);
  const server = await start(binary, ['dev', '--listen', '127.0.0.1:0', '--auth-origin', origin, ...metadata]);
  return {
    ...server,
    async message(to) {
      const { body } = await json(`${server.url}/_dev/outbox?to=${encodeURIComponent(to)}&wait=10`);
      if (!body.messages.length) throw new Error(`no message to ${to}`);
      return body.messages.at(-1);
    },
    forget: () => json(`${server.url}/_dev/outbox`, { method: 'DELETE' }),
  };
}

/** A production server with the settings that it starts with, except for limits: all visitors have one address here. */
async function serve(binary, origin, folder) {
  const mailbox = await Mailbox.open();
  const [config, key] = [join(folder, 'passage.toml'), join(folder, 'encryption.key')];
  writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
  writeFileSync(
    config,
    `data = "passage.db"
[listen]
address = "127.0.0.1:0"
[log]
level = "error"
[keys]
encryption_key = { file = "encryption.key" }
[limits]
messages_per_account_per_minute = 0
requests_per_address_per_minute = 0
[mail]
host = "127.0.0.1"
port = ${mailbox.port}
security = "none"
from = "App <app@example.com>"
[[apps]]
id = "app"
auth_origin = "${origin}"
`,
  );
  const server = await start(binary, ['serve', '--config', config]);
  const made = execFileSync(binary, ['app', 'api-key', 'create', '--config', config, '--app', 'app'], {
    encoding: 'utf8',
    env: { ...process.env },
  });
  return {
    ...server,
    ...JSON.parse(made),
    message: (to) => mailbox.message(to),
    forget: () => mailbox.forget(),
    stop() {
      server.stop();
      mailbox.close();
    },
  };
}

export const MODES = ['dev', 'serve'];

/** Starts passage-server on a free port. */
export async function startServer(mode, binary, origin, folder) {
  const server = await (mode === 'serve' ? serve : dev)(binary, origin, folder);
  // Whether people prove their address before they register a passkey for it.
  const { body } = await json(`${server.url}/auth/v1/apps/${server.app_id}`);
  return { ...server, mode, proves: body.app.require_identifier_verification };
}
