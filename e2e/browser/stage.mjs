// The stage: a passage-server and a service of the app, a TLS listener in front of them, and a browser that finds all under
// fixed names.

import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';

import { start, startServer } from './servers.mjs';

// The host that the packages are built to talk to.
const AUTH_HOST = 'auth.passage.id';
const APP_HOST = 'app.example.com';
// Somebody else's site.
const OTHER_HOST = 'other.example.net';
export const ORIGIN = `https://${APP_HOST}`;
export const OTHER_ORIGIN = `https://${OTHER_HOST}`;
// How long anything may take, in milliseconds.
const PATIENCE = 15_000;

/** A certificate for all hosts, made for this run. The browser is told its key, and trusts no other. */
function makeCertificate(folder) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${APP_HOST}`, '-addext', `subjectAltName=${[APP_HOST, AUTH_HOST, OTHER_HOST].map((host) => `DNS:${host}`)}`],
    ...['-keyout', key, '-out', cert],
  ], { stdio: 'pipe' });
  const pem = readFileSync(cert);
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return {
    key: readFileSync(key),
    cert: pem,
    fingerprint: createHash('sha256').update(spki).digest('base64'),
  };
}

/** Passes requests for the API on to the server, those for the app's services to these, and answers others with pages. */
async function listen(certificate, stage, pages) {
  const pass = (target, request, response, exchange) => {
    // The host stays as it is: the server knows by it which API is meant, and a service which pages are its own.
    const { hostname, port } = new URL(target);
    const { method, headers } = request;
    const onward = http.request({ host: hostname, port, method, path: request.url, headers }, (reply) => {
      exchange.status = reply.statusCode;
      reply.on('data', (data) => (exchange.got += data));
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.on('data', (data) => (exchange.sent += data));
    request.pipe(onward);
  };
  const listener = https.createServer(certificate, (request, response) => {
    const host = request.headers.host;
    const exchange = { method: request.method, url: `https://${host}${request.url}`, sent: '', status: 0, got: '' };
    if (host === AUTH_HOST) {
      stage.exchanges.push(exchange);
      pass(stage.server.url, request, response, exchange);
      return;
    }
    const { pathname } = new URL(request.url, ORIGIN);
    if (host === APP_HOST && pathname.startsWith('/services/')) {
      stage.exchanges.push(exchange);
      pass(stage.services.url, request, response, exchange);
      return;
    }
    const page = pages(host === APP_HOST ? '' : host, pathname);
    response.writeHead(page ? 200 : 404, { 'content-type': page?.type ?? 'text/plain' });
    response.end(page?.body ?? 'not found');
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return listener;
}

export class Stage {
  /** Everything that the packages asked of the API, in order. */
  exchanges = [];
  /** Hosts that pages asked for and that do not exist here. */
  elsewhere = new Set();

  static async open({ mode, binary, services, folder, chromium, pages }) {
    const stage = new Stage();
    mkdirSync(folder, { recursive: true });
    stage.folder = folder;
    stage.scratch = mkdtempSync(join(folder, 'run-'));
    const certificate = makeCertificate(stage.scratch);
    stage.server = await startServer(mode, binary, ORIGIN, stage.scratch);
    const { url, app_id, api_key } = stage.server;
    const env = { PASSAGE_URL: url, PASSAGE_APP_ID: app_id, PASSAGE_API_KEY: api_key };
    stage.services = await start(services, [], env);
    stage.listener = await listen(certificate, stage, pages(app_id));
    const at = `127.0.0.1:${stage.listener.address().port}`;
    const { chromium: driver } = createRequire(join(folder, 'package.json'))('playwright-core');
    stage.browser = await driver.launch({
      executablePath: chromium,
      args: [
        // No other name has an address, so that nothing leaves this machine.
        `--host-resolver-rules=${[AUTH_HOST, APP_HOST, OTHER_HOST].map((host) => `MAP ${host} ${at}`)}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
        `--ignore-certificate-errors-spki-list=${certificate.fingerprint}`,
        '--no-sandbox',
      ],
    });
    return stage;
  }

  /** A visitor with a browser of their own: nothing is kept from earlier ones. */
  async visitor(path = '/') {
    const context = await this.browser.newContext({ locale: 'en-US' });
    context.setDefaultTimeout(PATIENCE);
    context.on('requestfailed', (request) => {
      if (request.failure()?.errorText === 'net::ERR_NAME_NOT_RESOLVED') {
        this.elsewhere.add(new URL(request.url()).host);
      }
    });
    const page = await context.newPage();
    const visitor = new Visitor(this, context, page);
    await visitor.start(path);
    return visitor;
  }

  /** A request to the server, as a backend or a developer makes it. */
  async call(method, path, body) {
    const reply = await fetch(this.server.url + path, {
      method,
      headers: { authorization: `Bearer ${this.server.api_key}` },
      body: body && JSON.stringify(body),
    });
    const text = await reply.text();
    return { status: reply.status, body: text ? JSON.parse(text) : null };
  }

  /** A user as the Management API shows them. */
  async user(identifier) {
    const app = `/api/v1/apps/${this.server.app_id}`;
    const { body } = await this.call('GET', `${app}/users?identifier=${encodeURIComponent(identifier)}`);
    if (!body.users.length) return null;
    return (await this.call('GET', `${app}/users/${body.users[0].id}`)).body.user;
  }

  /** The newest message to an address, once there is one. */
  message(to) {
    return this.server.message(to);
  }

  /** Empties all mailboxes. */
  async forget() {
    await this.server.forget();
  }

  async close() {
    await this.browser?.close();
    this.listener?.close();
    this.listener?.closeAllConnections();
    this.services?.stop();
    this.server?.stop();
    if (this.scratch) rmSync(this.scratch, { recursive: true, force: true });
  }
}

export class Visitor {
  /** What went wrong in the page by itself. */
  errors = [];

  constructor(stage, context, page) {
    Object.assign(this, { stage, context, page });
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  async start(path) {
    this.devtools = await this.context.newCDPSession(this.page);
    await this.devtools.send('WebAuthn.enable');
    // Before the page, which may ask at once what the browser can do.
    await this.authenticator();
    await this.page.goto(ORIGIN + path);
  }

  /** Gives the visitor a new authenticator that agrees to everything, in place of the one before. */
  async authenticator(transport = 'internal') {
    if (this.authenticatorId) {
      await this.devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.authenticatorId });
    }
    const options = {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    ({ authenticatorId: this.authenticatorId } = await this.devtools.send('WebAuthn.addVirtualAuthenticator', {
      options,
    }));
    return this;
  }

  /** The passkeys that the authenticator keeps. */
  async passkeys() {
    const { authenticatorId } = this;
    return (await this.devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  }

  /** Runs code in the page, which has a `Passage` of passage-js as `psg`. What it throws comes back readable. */
  async run(code, argument) {
    await this.page.waitForFunction(() => globalThis.psg);
    const outcome = await this.page.evaluate(
      async ([text, argument]) => {
        try {
          return { value: await (0, eval)(`(${text})`)(globalThis.psg, argument) };
        } catch (error) {
          const { name, message, code, statusCode } = error;
          return { thrown: { name, message, code, statusCode } };
        }
      },
      [code.toString(), argument],
    );
    if (outcome.thrown) throw Object.assign(new Error(JSON.stringify(outcome.thrown)), outcome.thrown);
    return outcome.value;
  }

  async leave() {
    await this.context.close();
  }
}
