// @digitalbazaar/vc verifies what Laurel issued, and refuses forgeries; Laurel
// judges the same bytes as it does.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {reason, verify} from '../lib/digitalbazaar.js';
import {added, changed} from '../lib/forge.js';
import {remarks, verifyByService} from '../lib/laurel.js';
import {state} from '../lib/story.js';
import {credential, each, spread, world} from '../lib/world.js';

// Where a changed value leaves a question open, Laurel says so: it cannot tell
// what an unknown suite would have found.
const open = ['/proof/0/type', '/proof/0/cryptosuite'];

// stands demands a good proof, and a status that was looked up: the library
// gives the bits that it found, for its caller to judge.
async function stands(badge, revoked = false) {
  const document = await credential(badge);
  const result = await verify(document);
  assert.ok(result.verified, `${badge.credentialId}: ${reason(result)}`);
  assert.deepEqual(result.statusResult.results.map(r => [r.credentialStatus.statusPurpose, r.status]), [['revocation', revoked]], badge.credentialId);
  return document;
}

test('every badge of the demo in its final state (did:key)', async t => {
  const began = performance.now();
  const verified = {active: 0, revoked: 0, erased: 0};
  await each(world.demo.all, async badge => {
    const now = state(badge);
    if(now === 'erased') {
      assert.equal((await fetch(`${badge.credentialId}.json`)).status, 410, badge.credentialId);
    } else {
      const document = await stands(badge, now === 'revoked');
      assert.match(document.issuer.id, /^did:key:z6Mk/);
    }
    verified[now]++;
  });
  t.diagnostic(`${JSON.stringify(verified)} in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  assert.deepEqual(verified, {active: 150, revoked: 3, erased: 2});
});

test('every badge under https (did:web)', async () => {
  for(const document of await each(world.academy.badges, badge => stands(badge))) {
    assert.match(document.issuer.id, /^did:web:localhost%3A\d+:issuers:city-academy$/);
  }
  assert.ok(world.academy.badges.length >= 10);
});

test('revoked badges: a good proof, and the bit is set', async () => {
  await stands(world.demo.revoked, true);
  await stands(world.academy.revoked, true);
});

test('an expired badge is refused', async () => {
  const result = await verify(await credential(world.academy.expired));
  assert.equal(result.verified, false);
  assert.match(reason(result), /validUntil/);
});

// One badge of each shape: which members it has, and where.
const shape = value => value === null || typeof value !== 'object' ? '' :
  `{${Object.keys(value).sort().map(name => name + shape(value[name]))}}`;
const ofEach = new Map([...world.demo.badges, ...world.academy.badges].map(b => [b.achievement, b])).values();
const samples = [...new Map(await each([...ofEach], async badge => [shape(await credential(badge)), badge])).values()];

test('badges of many shapes', () => assert.ok(samples.length >= 8, `only ${samples.length}`));

for(const badge of samples) {
  test(`forgeries of ${badge.achievement}`, async () => {
    const document = await credential(badge);
    assert.ok((await verify(document)).verified);
    const forgeries = [...changed(document), ...added(document)];
    assert.ok(forgeries.length > 40, `only ${forgeries.length}`);
    const origin = new URL(badge.credentialId).origin;
    await each(forgeries, async ({name, document}) => {
      assert.equal((await verify(document)).verified, false, `@digitalbazaar/vc verified: ${name}`);
      const report = await verifyByService(origin, JSON.stringify(document));
      const expected = open.includes(name.replace(' changed', '')) ? 'indeterminate' : 'invalid';
      assert.equal(report.verdict, expected, `${name}: ${remarks(report).join(', ')}`);
    });
  });
}

test('proofs do not pass from one badge to another', async () => {
  const [first, second] = await each(spread(world.demo.badges, 2), credential);
  const mixed = {...first, proof: second.proof};
  assert.equal((await verify(mixed)).verified, false);
  assert.equal((await verifyByService(world.demo.baseURL, JSON.stringify(mixed))).verdict, 'invalid');
});
