// jose verifies the VC-JWTs that Laurel issued, with keys as they are
// published, and refuses changed ones; so does Laurel.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import * as jose from 'jose';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {changed} from '../lib/forge.js';
import {remarks, verifyByService} from '../lib/laurel.js';
import {credential, each, get, jwt, spread, world} from '../lib/world.js';

// didKey takes an Ed25519 key from the DID itself.
async function didKey({kid}) {
  const key = await Ed25519Multikey.from({id: kid, controller: kid.split('#')[0], type: 'Multikey', publicKeyMultibase: kid.split('#')[1]});
  const {publicKey} = await key.export({publicKey: true, raw: true});
  return jose.importJWK({kty: 'OKP', crv: 'Ed25519', x: jose.base64url.encode(publicKey)}, 'EdDSA');
}

// didDocument takes the key from the DID document that the issuer publishes.
async function didDocument({kid}) {
  const [did, fragment] = kid.split('#');
  const [, , host, ...path] = did.split(':');
  const document = await (await get(`https://${decodeURIComponent(host)}/${path.join('/')}/did.json`)).json();
  assert.equal(document.id, did);
  assert.ok(document.assertionMethod.includes(kid), `${kid} may not sign`);
  const method = document.verificationMethod.find(m => m.id === kid);
  assert.ok(method && method.controller === did, `${fragment} is no key of ${did}`);
  return jose.importJWK(method.publicKeyJwk);
}

function claimsOf({iss, sub, jti, nbf, exp, ...rest}) {
  return {claims: {iss, sub, jti, nbf, ...(exp !== undefined && {exp})}, rest};
}

const seconds = text => Math.floor(Date.parse(text) / 1000);

async function good(badge, algorithm, keys) {
  const [token, document] = await Promise.all([jwt(badge), credential(badge)]);
  const {payload, protectedHeader} = await jose.jwtVerify(token, keys, {
    algorithms: [algorithm], typ: 'JWT', issuer: document.issuer.id, subject: document.credentialSubject.id
  });
  assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
  assert.ok(protectedHeader.kid.startsWith(`${document.issuer.id}#`), protectedHeader.kid);
  const {claims, rest} = claimsOf(payload);
  const {proof, ...unsecured} = document;
  assert.deepEqual(rest, unsecured);
  assert.deepEqual(claims, {
    iss: document.issuer.id, sub: document.credentialSubject.id, jti: document.id, nbf: seconds(document.validFrom),
    ...(document.validUntil && {exp: seconds(document.validUntil)})
  });
  assert.equal((await verifyByService(new URL(badge.credentialId).origin, token)).verdict, 'valid');
}

const demo = spread(world.demo.badges.filter(b => b.status === 'active'), 16);

test('EdDSA by did:key', async () => {
  await each(demo, badge => good(badge, 'EdDSA', didKey));
  assert.equal(demo.length, 16);
});

test('RS256 by the JWKS of the service', async () => {
  const keys = jose.createRemoteJWKSet(new URL('/.well-known/jwks.json', world.academy.baseURL));
  await each(world.academy.badges, badge => good(badge, 'RS256', keys));
});

test('RS256 by the DID document', () => each(world.academy.badges, badge => good(badge, 'RS256', didDocument)));

test('no published key is private', async () => {
  const {keys} = await (await get(`${world.academy.baseURL}/.well-known/jwks.json`)).json();
  assert.ok(keys.length >= 3, JSON.stringify(keys));
  for(const key of keys) {
    assert.deepEqual(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].filter(name => name in key), []);
  }
});

for(const [badge, algorithm, keys] of [[demo[3], 'EdDSA', didKey], [world.academy.badges.at(-1), 'RS256', didDocument]]) {
  test(`changed tokens, ${algorithm}`, async () => {
    const token = await jwt(badge);
    const [header, payload, signature] = token.split('.');
    const encode = value => jose.base64url.encode(JSON.stringify(value));
    const forged = [...changed(jose.decodeJwt(token))].map(f => [f.name, `${header}.${encode(f.document)}.${signature}`]);
    const bytes = jose.base64url.decode(signature);
    bytes[7] ^= 1;
    forged.push(['signature', `${header}.${payload}.${jose.base64url.encode(bytes)}`]);
    const fields = jose.decodeProtectedHeader(token);
    forged.push(['alg none', `${encode({...fields, alg: 'none'})}.${payload}.${signature}`]);
    forged.push(['alg HS256', `${encode({...fields, alg: 'HS256'})}.${payload}.${signature}`]);
    forged.push(['header with crit', `${encode({...fields, crit: ['exp'], exp: 1})}.${payload}.${signature}`]);
    await each(forged, async ([name, changed]) => {
      await assert.rejects(jose.jwtVerify(changed, keys, {algorithms: [algorithm]}), `jose verified: ${name}`);
      const report = await verifyByService(new URL(badge.credentialId).origin, changed);
      assert.equal(report.verdict, 'invalid', `${name}: ${remarks(report).join(', ')}`);
    });
    for(const unsigned of [`${header}.${payload}.`, `${encode({...fields, alg: 'none'})}.${payload}.`]) {
      await assert.rejects(jose.jwtVerify(unsigned, keys));
      const report = await verifyByService(new URL(badge.credentialId).origin, unsigned); // it can be read, so it gets a report
      assert.equal(report.verdict, 'invalid');
      assert.deepEqual(report.checks.filter(c => c.result === 'fail').map(c => `${c.id} ${c.code}`), ['proof no_proof']);
    }
  });
}

test('a revoked badge is as revoked in its other form', async () => {
  for(const badge of [world.demo.revoked, world.academy.revoked]) {
    const report = await verifyByService(new URL(badge.credentialId).origin, await jwt(badge));
    assert.equal(report.verdict, 'invalid');
    assert.deepEqual(report.checks.filter(c => c.result === 'fail').map(c => c.code), ['revoked']);
  }
});

// The offline card is a compact JWS like any other: whoever has the keys of the
// issuer, and nothing else, reads it.
test('offline cards', async () => {
  await each(demo.slice(0, 4), async badge => {
    const address = await (await get(`${badge.credentialId}/card`)).text();
    const [page, card] = address.split('#o=');
    assert.equal(page, badge.verifyUrl);
    const {origin} = new URL(page);
    const {keys} = await (await get(`${origin}/.well-known/jwks.json`)).json();
    const key = async ({kid}) => jose.importJWK(keys.find(k => k.kid.endsWith(kid)));
    const {payload, protectedHeader} = await jose.compactVerify(card, key, {algorithms: ['EdDSA']});
    assert.equal(protectedHeader.typ, 'card');
    const facts = JSON.parse(new TextDecoder().decode(payload));
    const document = await credential(badge);
    assert.equal(facts.a, document.credentialSubject.achievement.name);
    assert.equal(facts.d, document.validFrom.slice(0, 10));
    assert.equal(`${origin}/credentials/${facts.j}`, document.id);
    const [head, , signature] = card.split('.');
    const other = jose.base64url.encode(JSON.stringify({...facts, n: 'Somebody Else'}));
    await assert.rejects(jose.compactVerify(`${head}.${other}.${signature}`, key));
  });
});
