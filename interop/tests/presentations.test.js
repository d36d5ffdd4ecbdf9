// Presentations that another library has put together and signed: Laurel sees
// the badges in them, and whether the holder answers whoever asks.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {badge} from '../lib/badge.js';
import {newKey, present, sign} from '../lib/digitalbazaar.js';
import {remarks} from '../lib/laurel.js';
import {credential, spread, world} from '../lib/world.js';

async function verify(presentation, query = '') {
  const answer = await fetch(`${world.demo.baseURL}/v1/verify${query}`, {
    method: 'POST', body: JSON.stringify(presentation), headers: {'Content-Type': 'application/vp'}
  });
  const report = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(report));
  return report;
}

const holderSays = report => report.checks.filter(c => c.id === 'holder').map(c => `${c.result} ${c.code}`).join();
const asked = '?challenge=c-1&domain=employer.example';

test('one badge, proven by @digitalbazaar/vc', async () => {
  const [issuer, holder] = [await newKey(), await newKey()];
  const signed = await sign(badge(issuer.controller), issuer);
  const presentation = await present([signed], holder, {challenge: 'c-1', domain: 'employer.example'});
  for(const [query, verdict, says] of [['', undefined, undefined], [asked, undefined, undefined],
    ['?challenge=c-2', 'invalid', 'fail challenge_differs'], ['?domain=x.example', 'invalid', 'fail domain_differs']]) {
    const report = await verify(presentation, query);
    if(verdict) {
      assert.equal(`${report.verdict} ${holderSays(report)}`, `${verdict} ${says}`, remarks(report).join());
    } else {
      assert.ok(report.verified, remarks(report).join());
      assert.match(holderSays(report), /^(pass holder_proven|warn holder_not_subject)$/);
    }
  }
  const changed = {...presentation, holder: issuer.controller};
  assert.equal((await verify(changed)).verdict, 'invalid');
  const other = {...presentation, id: 'urn:uuid:4f1a4a8e-3a2b-4b6e-9a0e-0c8d3b5e7f10'};
  assert.equal(holderSays(await verify(other)), 'fail holder_invalid');
});

test('several badges of ours', async () => {
  const holder = await newKey();
  const badges = spread(world.demo.badges.filter(b => b.status === 'active'), 3);
  const documents = await Promise.all([...badges, world.demo.revoked].map(credential));
  const good = await verify(await present(documents.slice(0, 3), holder, {challenge: 'c-1', domain: 'employer.example'}), asked);
  assert.equal(`${good.verdict} ${holderSays(good)}`, 'valid pass holder_proven', remarks(good).join());
  assert.deepEqual(good.badges.map(b => `${b.verdict} ${b.credential.id}`), badges.map(b => `valid ${b.credentialId}`));
  const bad = await verify(await present(documents, holder, {challenge: 'c-1', domain: 'employer.example'}), asked);
  assert.equal(`${bad.verdict} ${holderSays(bad)}`, 'invalid pass holder_proven');
  assert.deepEqual(bad.badges.map(b => b.verdict), ['valid', 'valid', 'valid', 'invalid']);
});
