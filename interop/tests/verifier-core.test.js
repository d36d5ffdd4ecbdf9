// @digitalcredentials/verifier-core is what wallets and public verifier pages
// run. It takes keys and status lists from the running services, and asks for
// the published JSON Schema, which the tests hold ready as a file.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {verifyCredential} from '@digitalcredentials/verifier-core';
import {added, changed} from '../lib/forge.js';
import {credential, each, specFile, spread, world} from '../lib/world.js';

const schemaURL = 'https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json';
const schemaFile = 'schemas/strict/ob_v3p0_achievementcredential_schema.json';
const network = globalThis.fetch;
const elsewhere = []; // what it asked of hosts that are not ours

before(() => {
  globalThis.fetch = async (request, options) => {
    const url = String(request.url ?? request);
    if(url === schemaURL) {
      return Response.json(JSON.parse(specFile(schemaFile)));
    }
    if(['127.0.0.1', 'localhost'].includes(new URL(url).hostname)) {
      return network(request, options);
    }
    elsewhere.push(url);
    throw new TypeError(`${url} is not asked in a test`);
  };
});
after(() => { globalThis.fetch = network; });

const check = document => verifyCredential({credential: structuredClone(document), knownDIDRegistries: []});
const step = (result, id) => result.log?.find(entry => entry.id === id);

async function good(badge) {
  const result = await check(await credential(badge));
  const where = `${badge.credentialId}: ${JSON.stringify(result.errors ?? result.log)}`;
  assert.equal(result.errors, undefined, where);
  assert.equal(step(result, 'valid_signature')?.valid, true, where);
  assert.equal(step(result, 'expiration')?.valid, true, where);
  assert.equal(step(result, 'revocation_status')?.valid, true, where);
  const schema = result.additionalInformation.find(entry => entry.id === 'schema_check');
  assert.deepEqual(schema.results.map(r => [r.schema, r.result.valid, r.result.errors]), [[schemaURL, true, undefined]], where);
}

const demo = spread(world.demo.badges.filter(b => b.status === 'active'), 12);

test('a dozen badges of the demo (did:key)', async () => {
  await each(demo, good);
  assert.ok(demo.length >= 10);
});

test('every badge under https (did:web)', () => each(world.academy.badges, good));

test('revoked badges', async () => {
  for(const badge of [world.demo.revoked, world.academy.revoked]) {
    const result = await check(await credential(badge));
    assert.equal(step(result, 'valid_signature')?.valid, true);
    assert.equal(step(result, 'revocation_status')?.valid, false, JSON.stringify(result.log));
  }
});

test('an expired badge', async () => {
  const result = await check(await credential(world.academy.expired));
  assert.equal(step(result, 'expiration')?.valid, false, JSON.stringify(result.log));
});

test('a badge of Laurel needs nothing that Laurel does not publish', () => assert.deepEqual(elsewhere, []));

for(const badge of [demo[0], world.academy.badges.at(-1)]) {
  test(`forgeries of ${badge.achievement}`, async () => {
    const document = await credential(badge);
    await each([...changed(document), ...added(document)], async forgery => {
      const result = await check(forgery.document);
      assert.ok(result.errors?.length > 0, `verified: ${forgery.name}`);
    });
  });
}
