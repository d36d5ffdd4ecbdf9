// The other direction: badges that other libraries signed are valid for
// Laurel, by its service and by its command, and forgeries of them are not.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import * as jose from 'jose';
import {badge} from '../lib/badge.js';
import {newKey, sign} from '../lib/digitalbazaar.js';
import {added, changed} from '../lib/forge.js';
import {remarks, verifyByCommand, verifyByService} from '../lib/laurel.js';
import {each, world} from '../lib/world.js';

// both asks the service and the command, who must agree to the letter.
async function both(bytes) {
  const [service, command] = await Promise.all([
    verifyByService(world.demo.baseURL, bytes), verifyByCommand(world.binary, bytes, world.fetchFlags)]);
  const findings = report => report.checks.map(c => [c.id, c.result, c.code]);
  assert.deepEqual(findings(service), findings(command));
  return service;
}

async function verdict(bytes, expected, what) {
  const report = await both(bytes);
  assert.equal(report.verdict, expected, `${what}: ${remarks(report).join(', ')}`);
  return report;
}

test('eddsa-rdfc-2022 by @digitalbazaar/vc, issuer did:key', async () => {
  const key = await newKey();
  const signed = await sign(badge(key.controller), key);
  await verdict(JSON.stringify(signed), 'valid', 'as signed');
  await verdict(JSON.stringify(signed, null, 2), 'valid', 'with other white space');
  const forgeries = [...changed(signed), ...added(signed)];
  assert.ok(forgeries.length > 40);
  const open = ['/proof/type changed', '/proof/cryptosuite changed'];
  await each(forgeries.filter(f => f.name !== 'status entry left out'), async ({name, document}) => {
    await verdict(JSON.stringify(document), open.includes(name) ? 'indeterminate' : 'invalid', name);
  }, 2);
});

test('signed by another key than the issuer’s', async () => {
  const [issuer, stranger] = [await newKey(), await newKey()];
  const signed = await sign(badge(issuer.controller), stranger);
  const report = await verdict(JSON.stringify(signed), 'invalid', 'stranger');
  assert.ok(report.checks.some(c => c.id === 'issuer_key' && c.result === 'fail'), remarks(report).join(', '));
});

test('dates of badges signed elsewhere', async () => {
  const key = await newKey();
  for(const [more, expected, code] of [
    [{validFrom: '2999-01-01T00:00:00Z'}, 'invalid', 'not_yet_valid'],
    [{validUntil: '2025-06-01T00:00:00Z'}, 'invalid', 'expired'],
    [{validUntil: '2999-01-01T00:00:00+02:00'}, 'valid']
  ]) {
    const credential = badge(key.controller, more);
    // The library refuses to sign what is over, so it signs at another time.
    const signed = await sign(credential, key, {now: new Date(more.validUntil && expected === 'invalid' ? '2025-05-02' : Date.now())});
    const report = await verdict(JSON.stringify(signed), expected, JSON.stringify(more));
    if(code) {
      assert.deepEqual(report.checks.filter(c => c.result === 'fail').map(c => [c.id, c.code]), [['validity', code]]);
    }
  }
});

// token signs a badge as a VC-JWT.
async function token(credential, key, header, claims = {}) {
  const payload = {...credential, iss: credential.issuer.id, sub: credential.credentialSubject.id, jti: credential.id,
    nbf: Math.floor(Date.parse(credential.validFrom) / 1000), ...claims};
  return new jose.CompactSign(new TextEncoder().encode(JSON.stringify(payload))).setProtectedHeader({typ: 'JWT', ...header}).sign(key);
}

async function forgedTokens(signed) {
  const [header, payload, signature] = signed.split('.');
  const forged = [...changed(jose.decodeJwt(signed))].map(f => [f.name, `${header}.${jose.base64url.encode(JSON.stringify(f.document))}.${signature}`]);
  const bytes = jose.base64url.decode(signature);
  bytes[9] ^= 4;
  forged.push(['signature changed', `${header}.${payload}.${jose.base64url.encode(bytes)}`]);
  await each(forged, ([name, changed]) => verdict(changed, 'invalid', name), 2);
}

const pair = async alg => {
  const {publicKey, privateKey} = await jose.generateKeyPair(alg, {extractable: true});
  return {privateKey, jwk: await jose.exportJWK(publicKey)};
};

for(const alg of ['EdDSA', 'ES256']) {
  test(`VC-JWT by jose, ${alg}, issuer did:jwk`, async () => {
    const {privateKey, jwk} = await pair(alg);
    const did = `did:jwk:${jose.base64url.encode(JSON.stringify(jwk))}`;
    const signed = await token(badge(did), privateKey, {alg, kid: `${did}#0`});
    await verdict(signed, 'valid', 'as signed');
    await forgedTokens(signed);
  });
}

test('VC-JWT by jose, EdDSA, issuer did:key', async () => {
  const key = await newKey();
  const {secretKey, publicKey} = await key.export({publicKey: true, secretKey: true, raw: true});
  const jwk = {kty: 'OKP', crv: 'Ed25519', x: jose.base64url.encode(publicKey), d: jose.base64url.encode(secretKey.slice(0, 32))};
  const signed = await token(badge(key.controller), await jose.importJWK(jwk, 'EdDSA'), {alg: 'EdDSA', kid: key.id});
  await verdict(signed, 'valid', 'as signed');
  const stranger = await pair('EdDSA');
  await verdict(await token(badge(key.controller), stranger.privateKey, {alg: 'EdDSA', kid: key.id}), 'invalid', 'another key');
});

// publish puts the DID document of a did:web issuer on its own host.
function publish(name, methods) {
  const did = `did:web:${encodeURIComponent(world.site.host)}:${name}`;
  const verificationMethod = methods.map(({fragment, ...m}) => ({id: `${did}#${fragment}`, controller: did, ...m}));
  mkdirSync(join(world.site.folder, name), {recursive: true});
  writeFileSync(join(world.site.folder, name, 'did.json'), JSON.stringify({
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/jwk/v1', 'https://w3id.org/security/multikey/v1'],
    id: did, verificationMethod, assertionMethod: verificationMethod.map(m => m.id)
  }));
  return did;
}

test('VC-JWT by jose, RS256, issuer did:web', async () => {
  const {privateKey, jwk} = await pair('RS256');
  const did = publish('jwt-academy', [{fragment: 'key-1', type: 'JsonWebKey', publicKeyJwk: jwk}]);
  const signed = await token(badge(did), privateKey, {alg: 'RS256', kid: `${did}#key-1`});
  await verdict(signed, 'valid', 'as signed');
  await forgedTokens(signed);
  const stranger = await pair('RS256');
  await verdict(await token(badge(did), stranger.privateKey, {alg: 'RS256', kid: `${did}#key-1`}), 'invalid', 'another key');
});

test('eddsa-rdfc-2022 by @digitalbazaar/vc, issuer did:web', async () => {
  const did = `did:web:${encodeURIComponent(world.site.host)}:proof-academy`;
  const key = await newKey(did);
  publish('proof-academy', [{fragment: key.publicKeyMultibase, type: 'Multikey', publicKeyMultibase: key.publicKeyMultibase}]);
  const signed = await sign(badge(did), key);
  await verdict(JSON.stringify(signed), 'valid', 'as signed');
});

test('a key that nobody publishes leaves the question open', async () => {
  const {privateKey} = await pair('RS256');
  const did = `did:web:${encodeURIComponent(world.site.host)}:nowhere`;
  const signed = await token(badge(did), privateKey, {alg: 'RS256', kid: `${did}#key-1`});
  const report = await verdict(signed, 'indeterminate', 'no DID document');
  assert.ok(report.checks.some(c => c.id === 'issuer_key' && c.result === 'unknown'), remarks(report).join(', '));
});
