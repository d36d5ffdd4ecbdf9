// What webhooks are sent, checked by the library of Standard Webhooks as a
// receiver would, with the secrets that a real service has shown.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {createServer} from 'node:https';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Webhook, WebhookVerificationError} from 'standardwebhooks';
import {call, command} from '../lib/laurel.js';
import * as start from '../lib/start.js';
import {world} from '../lib/world.js';

const issuer = 'wells';
const ends = [];
let baseURL, token, receiver, people = 0;

// receiving takes what is sent, byte for byte; it answers what its status is.
async function receiving({key, cert}) {
  const r = {requests: [], status: 204};
  const server = createServer({key, cert}, async (request, response) => {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    r.requests.push({path: request.url, headers: request.headers, body: Buffer.concat(parts)});
    response.writeHead(r.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => { server.close(); server.closeAllConnections(); });
  r.host = `localhost:${server.address().port}`;
  return r;
}

// sent waits for requests to a path that are as wanted.
async function sent(path, count, wanted = () => true) {
  for(const began = Date.now(); ; await new Promise(resolve => setTimeout(resolve, 50))) {
    const found = receiver.requests.filter(r => r.path === path && wanted(JSON.parse(r.body)));
    if(found.length >= count) {
      return found;
    }
    assert.ok(Date.now() - began < 180_000, `${found.length} of ${count} requests came to ${path}`);
  }
}

const verify = (secret, {body, headers}) => new Webhook(secret).verify(body, headers);
const refuses = (secret, request, why) => assert.throws(() => verify(secret, request), WebhookVerificationError, why);
const post = (path, body = {}) => call(baseURL, token, 'POST', path, body);
const hook = path => post('/v1/webhooks', {issuer, url: `https://${receiver.host}${path}`});
const issue = externalRef => post('/v1/credentials', {achievement: 'wells', awardedAt: '2025-07-11', externalRef,
  recipient: {name: 'Ana Example', externalId: `u-${++people}`}});
const of = id => event => event.subject === id;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-webhooks-'));
  ends.push(() => rmSync(folder, {recursive: true, force: true}));
  const tls = start.certificates(join(folder, 'tls'));
  receiver = await receiving(tls);
  const data = join(folder, 'data'), port = await start.freePort();
  baseURL = `http://127.0.0.1:${port}`;
  const laurel = async (...args) => {
    const {code, stdout, stderr} = await command(world.binary, [...args, '--data', data]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await laurel('init', '--base-url', baseURL, '--issuer', issuer, '--name', 'Example Wells');
  const service = start.serve(world.binary, {data, log: join(world.artifacts, 'webhooks.log'),
    flags: ['--listen', `127.0.0.1:${port}`, '--fetch-ca', tls.ca, '--fetch-allow', receiver.host]});
  ends.push(async () => assert.equal(await service.stop(), 0, 'the service ends in order'));
  await service.ready;
  token = await laurel('token', 'create', '--issuer', issuer, '--scope', 'issue,manage,read,revoke');
  await call(baseURL, token, 'PUT', '/v1/achievements/wells', {issuer, inLanguage: 'en', name: {en: 'Clean water'},
    description: {en: 'Keeps a well clean.'}, criteria: {en: 'Keep a well clean for a year.'}});
});

after(async () => {
  for(const end of ends.reverse()) {
    await end();
  }
});

test('what is sent is what the feed tells, and the library takes it', async () => {
  const {id, secret} = await hook('/plain');
  const references = ['row-1', 'Zoë “&” <b>', '水 😀 ليلى'];
  const badges = await Promise.all(references.map(issue));
  await post(`/v1/credentials/${badges[0].id}/revoke`, {reason: 'issued_in_error'});
  const requests = await sent('/plain', 4, event => event.type.startsWith('credential.'));
  const {items} = await call(baseURL, token, 'GET', '/v1/events');
  for(const request of requests) {
    const event = verify(secret, request);
    assert.equal(request.headers['webhook-id'], event.id);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.deepEqual(event, items.find(item => item.id === event.id));
  }
  assert.deepEqual(requests.map(r => JSON.parse(r.body).data.externalRef).sort(), ['row-1', ...references].sort());
  const {state} = await post(`/v1/webhooks/${id}/test`);
  assert.equal(state, 'delivered');
  const [asked] = await sent('/plain', 1, event => event.type === 'webhook.test');
  assert.equal(verify(secret, asked).subject, id);
});

test('what was not sent so is refused', async () => {
  const {secret} = await hook('/changed');
  const other = await hook('/another');
  const badge = await issue('row-changed');
  const [request] = await sent('/changed', 1, of(badge.id));
  verify(secret, request);
  refuses(other.secret, request, 'the secret of another webhook');
  refuses(`whsec_${Buffer.alloc(32).toString('base64')}`, request, 'a secret that is none');
  refuses(secret, {...request, body: Buffer.from(request.body.toString().replace('active', 'revoked'))}, 'a changed body');
  refuses(secret, {...request, body: Buffer.concat([request.body, Buffer.from('\n')])}, 'a body with a blank more');
  const {headers} = request;
  for(const [name, value] of [['webhook-id', 'evt_0'], ['webhook-timestamp', String(Number(headers['webhook-timestamp']) + 1)],
    ['webhook-signature', headers['webhook-signature'].replace('v1,', 'v1a,')], ['webhook-signature', '']]) {
    refuses(secret, {...request, headers: {...headers, [name]: value}}, `${name} ${value}`);
  }
});

test('a new secret signs beside the one before', async () => {
  const {id, secret: old} = await hook('/rotated');
  const {secret: fresh} = await post(`/v1/webhooks/${id}/secret`);
  assert.notEqual(fresh, old);
  const badge = await issue('row-rotated');
  const [request] = await sent('/rotated', 1, of(badge.id));
  const signatures = request.headers['webhook-signature'].split(' ');
  assert.equal(signatures.length, 2);
  assert.deepEqual(verify(old, request), verify(fresh, request));
  for(const [alone, good, bad] of [[signatures[0], fresh, old], [signatures[1], old, fresh]]) { // the newest first
    const half = {...request, headers: {...request.headers, 'webhook-signature': alone}};
    verify(good, half);
    refuses(bad, half, 'the signature of the other secret');
  }
});

test('what is tried again is signed again', async () => {
  const {secret} = await hook('/again');
  receiver.status = 500;
  const badge = await issue('row-again');
  await sent('/again', 1, of(badge.id));
  receiver.status = 204;
  const [first, second] = await sent('/again', 2, of(badge.id));
  assert.deepEqual(verify(secret, second), verify(secret, first));
  assert.equal(second.headers['webhook-id'], first.headers['webhook-id']);
  assert.ok(Number(second.headers['webhook-timestamp']) > Number(first.headers['webhook-timestamp']));
  assert.notEqual(second.headers['webhook-signature'], first.headers['webhook-signature']);
});
