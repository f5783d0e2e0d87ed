// passage-node, as published, against passage-server.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';

// Before the library, which must find the server.
import { apiKey, appID, authApi, call, made, token } from './service.mjs';

const { Passage, PassageError } = createRequire(join(process.env.PASSAGE_NODE_FOLDER, 'package.json'))(
  '@passageidentity/passage-node',
);

const passage = new Passage({ appID, apiKey });
let numbers = 0;

/** A user with an address of their own. */
function newUser(members = {}) {
  numbers += 1;
  return passage.user.create({ email: `user-${numbers}@example.com`, ...members });
}

/** That a call fails with this answer of the server. */
function refused(promise, statusCode, errorCode) {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof PassageError, String(error));
    assert.deepEqual([error.statusCode, error.errorCode], [statusCode, errorCode]);
    return true;
  });
}

test('create by email', async () => {
  const user = await passage.user.create({ email: 'Ada@Example.com', user_metadata: { plan: 'free' } });
  assert.equal(user.email, 'ada@example.com');
  assert.equal(user.status, 'pending');
  assert.deepEqual(user.user_metadata, { plan: 'free' });
  assert.deepEqual([user.login_count, user.email_verified, user.webauthn_devices], [0, false, []]);
});

test('create by phone', async () => {
  const user = await passage.user.create({ phone: '+15005550101' });
  assert.deepEqual([user.phone, user.email], ['+15005550101', '']);
});

test('create twice is refused', async () => {
  const { email } = await newUser();
  await refused(passage.user.create({ email }), 400, 'invalid_request');
});

test('get', async () => {
  const user = await newUser();
  assert.deepEqual(await passage.user.get(user.id), user);
});

test('get of nobody', async () => {
  await refused(passage.user.get('nobody'), 404, 'user_not_found');
});

test('get by identifier in any case', async () => {
  const user = await newUser();
  assert.equal((await passage.user.getByIdentifier(user.email.toUpperCase())).id, user.id);
});

test('get by phone', async () => {
  const user = await passage.user.create({ phone: '+15005550102' });
  assert.equal((await passage.user.getByIdentifier('+15005550102')).id, user.id);
});

test('get by identifier of nobody', async () => {
  // The library makes this error itself, from an empty list.
  await assert.rejects(passage.user.getByIdentifier('nobody@example.com'), PassageError);
});

test('update changes what it names', async () => {
  const user = await newUser({ user_metadata: { plan: 'free' } });
  const updated = await passage.user.update(user.id, { phone: '+15005550103' });
  assert.deepEqual([updated.phone, updated.email], ['+15005550103', user.email]);
  assert.deepEqual(updated.user_metadata, { plan: 'free' });
  const again = await passage.user.update(user.id, { user_metadata: { plan: 'paid' } });
  assert.deepEqual([again.user_metadata, again.phone], [{ plan: 'paid' }, '+15005550103']);
});

test('activate and deactivate', async () => {
  const { id } = await newUser();
  assert.equal((await passage.user.activate(id)).status, 'active');
  assert.equal((await passage.user.deactivate(id)).status, 'inactive');
  assert.equal((await passage.user.get(id)).status, 'inactive');
});

test('delete', async () => {
  const { id } = await newUser();
  assert.equal(await passage.user.delete(id), true);
  await refused(passage.user.get(id), 404, 'user_not_found');
});

test('a wrong key is refused', async () => {
  const { id } = await newUser();
  await refused(new Passage({ appID, apiKey: 'not the key' }).user.get(id), 401, 'invalid_access_token');
});

test('devices', async () => {
  const { id } = await newUser();
  const seeded = [await made(`/_dev/users/${id}/devices`), await made(`/_dev/users/${id}/devices`)];
  const ids = seeded.map((device) => device.device_id).sort();
  const shown = async () => (await passage.user.listDevices(id)).map((device) => device.id).sort();
  assert.deepEqual(await shown(), ids);
  assert.equal(await passage.user.revokeDevice(id, ids[0]), true);
  assert.deepEqual(await shown(), [ids[1]]);
  await refused(passage.user.revokeDevice(id, ids[0]), 404, 'device_not_found');
});

test('revoked refresh tokens are refused', async () => {
  const { id } = await newUser();
  const { auth_result: first } = await made(`/_dev/users/${id}/sessions`);
  const { status, body } = await authApi('POST', 'tokens', { refresh_token: first.refresh_token });
  assert.equal(status, 201);
  assert.equal(await passage.user.revokeRefreshTokens(id), true);
  const refusal = await authApi('POST', 'tokens', { refresh_token: body.auth_result.refresh_token });
  assert.deepEqual([refusal.status, refusal.body.code], [401, 'invalid_refresh_token']);
});

test('the token of a session is good', async () => {
  const { id } = await newUser();
  const { auth_result: session } = await made(`/_dev/users/${id}/sessions`);
  assert.equal(await passage.auth.validateJwt(session.auth_token), id);
});

test('the token of a request is found in its header or its cookie', async () => {
  const good = await token('somebody');
  const request = (headers) => new Request('https://app.example.com/', { headers });
  const header = new Passage({ appID, apiKey, authStrategy: 'HEADER' });
  assert.equal(await header.authenticateRequest(request({ authorization: `Bearer ${good}` })), 'somebody');
  const cookie = new Passage({ appID, apiKey, authStrategy: 'COOKIE' });
  assert.equal(await cookie.authenticateRequest(request({ cookie: `a=b; psg_auth_token=${good}` })), 'somebody');
  await assert.rejects(cookie.authenticateRequest(request({ authorization: `Bearer ${good}` })));
});

for (const [what, members, reason] of [
  ['forged', { wrong_key: true }, /signature verification failed/],
  ['expired', { expires_at: '2020-01-01T00:00:00Z' }, /"exp" claim/],
  ['of another app', { audience: ['another app'] }, /app ID claim/],
]) {
  test(`a token that is ${what} is refused`, async () => {
    await assert.rejects(passage.auth.validateJwt(await token('somebody', members)), reason);
  });
}

test('a magic link by email, with options', async () => {
  const link = await passage.auth.createMagicLink(
    { email: 'link@example.com', type: 'login', send: false },
    { magicLinkPath: '/welcome', redirectUrl: '/inside', ttl: 7, language: 'de' },
  );
  assert.deepEqual([link.identifier, link.ttl, link.redirect_url], ['link@example.com', 7, '/inside']);
  assert.deepEqual([link.type, link.activated, link.app_id], ['login', false, appID]);
  assert.equal(new URL(link.url).pathname, '/welcome');
});

test('a magic link by phone', async () => {
  const link = await passage.auth.createMagicLink({ phone: '+15005550104', type: 'login', send: false });
  assert.equal(link.identifier, '+15005550104');
});

test('a magic link that is sent signs its user in, once', async () => {
  const user = await newUser();
  await passage.auth.createMagicLink({ userId: user.id, channel: 'email', type: 'login', send: true });
  const outbox = await call('GET', `/_dev/outbox?wait=10&to=${encodeURIComponent(user.email)}`);
  const secret = new URL(outbox.body.messages.at(-1).url).searchParams.get('psg_magic_link');
  const { status, body } = await authApi('PATCH', 'magic-link/activate', { magic_link: secret });
  assert.equal(status, 200);
  assert.equal(await passage.auth.validateJwt(body.auth_result.auth_token), user.id);
  assert.equal((await passage.user.get(user.id)).login_count, 1);
  assert.ok((await authApi('PATCH', 'magic-link/activate', { magic_link: secret })).status >= 400);
});

test('the app', async () => {
  const app = await passage.getApp();
  assert.equal(app.id, appID);
  assert.ok(app.rsa_public_key);
});
