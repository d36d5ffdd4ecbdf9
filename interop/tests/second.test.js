// A second Laurel with a store of its own and empty, given only the bytes and
// the addresses that the issuer publishes, comes to the same verdicts. So does
// the command, which has no store at all.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {verifyByCommand, verifyByService} from '../lib/laurel.js';
import {each, get, jwt, spread, world} from '../lib/world.js';

const bytes = async badge => (await get(`${badge.credentialId}.json`)).text();
const findings = report => report.checks.map(c => [c.id, c.result, c.code]);

async function same(badge, raw, expected) {
  const [first, second] = await Promise.all([new URL(badge.credentialId).origin, world.second.baseURL].map(url => verifyByService(url, raw)));
  assert.equal(first.verdict, expected, badge.credentialId);
  assert.deepEqual(findings(second), findings(first), badge.credentialId);
  assert.equal(second.verdict, expected, badge.credentialId);
  assert.deepEqual(second.document, first.document);
  assert.deepEqual(second.credential, first.credential);
}

test('every badge of the demo', async () => {
  const active = world.demo.badges.filter(b => b.status === 'active');
  await each(active, async badge => same(badge, await bytes(badge), 'valid'));
  assert.equal(active.length, 150);
});

test('badges under https', () => each(world.academy.badges, async badge => same(badge, await bytes(badge), 'valid')));

test('VC-JWTs', () => each([...spread(world.demo.badges, 10), ...world.academy.badges], async badge => same(badge, await jwt(badge), 'valid')));

test('revoked and expired badges', async () => {
  for(const [badge, code] of [[world.demo.revoked, 'revoked'], [world.academy.revoked, 'revoked'], [world.academy.expired, 'expired']]) {
    const raw = await bytes(badge);
    await same(badge, raw, 'invalid');
    const report = await verifyByService(world.second.baseURL, raw);
    assert.deepEqual(report.checks.filter(c => c.result === 'fail').map(c => c.code), [code]);
  }
});

test('the command', async () => {
  for(const [badge, verdict] of [...spread(world.demo.badges, 6).map(b => [b, 'valid']), ...world.academy.badges.map(b => [b, 'valid']),
    [world.demo.revoked, 'invalid'], [world.academy.revoked, 'invalid'], [world.academy.expired, 'invalid']]) {
    assert.equal((await verifyByCommand(world.binary, await bytes(badge), world.fetchFlags)).verdict, verdict, badge.credentialId);
  }
});

test('without leave to fetch, the status stays open', async () => {
  const report = await verifyByCommand(world.binary, await bytes(world.demo.badges[0]));
  assert.equal(report.verdict, 'indeterminate');
  assert.deepEqual(report.checks.filter(c => c.result === 'unknown').map(c => c.code), ['status_list_unreachable']);
});

test('the second Laurel has no record of them', async () => {
  const {id} = world.demo.badges[0];
  assert.equal((await fetch(`${world.second.baseURL}/credentials/${id}`, {headers: {Accept: 'application/json'}})).status, 404);
});
