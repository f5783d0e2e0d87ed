// What the tests need besides the library: the way to the server, and its controls.

import assert from 'node:assert/strict';
import https from 'node:https';

const { PASSAGE_APP_ID, PASSAGE_API_KEY, PASSAGE_SERVER, PASSAGE_TLS_PORT } = process.env;
export const appID = PASSAGE_APP_ID;
export const apiKey = PASSAGE_API_KEY;

// The two hosts of the service are at the suite's TLS listener, and no other host can be reached.
const HOSTS = new Set(['api.passage.id', 'auth.passage.id']);

class Redirect extends https.Agent {
  createConnection(options, connected) {
    if (!HOSTS.has(options.host)) throw new Error(`${options.host} does not exist here`);
    const there = { host: '127.0.0.1', port: PASSAGE_TLS_PORT, servername: options.host };
    return super.createConnection({ ...options, ...there }, connected);
  }
}

https.globalAgent = new Redirect();

/** The status and the JSON of a request to the server, as a browser or a developer makes it. */
export async function call(method, path, body) {
  const reply = await fetch(PASSAGE_SERVER + path, { method, body: body && JSON.stringify(body) });
  const text = await reply.text();
  return { status: reply.status, body: text ? JSON.parse(text) : null };
}

/** What the server made. */
export async function made(path, body = {}) {
  const reply = await call('POST', path, body);
  assert.equal(reply.status, 201, JSON.stringify(reply));
  return reply.body;
}

/** A request to the Auth API of the app. */
export function authApi(method, path, body) {
  return call(method, `/auth/v1/apps/${appID}/${path}`, body);
}

/** An auth token, good unless the members say otherwise. */
export async function token(subject, members = {}) {
  return (await made('/_dev/tokens', { subject, ...members })).token;
}
