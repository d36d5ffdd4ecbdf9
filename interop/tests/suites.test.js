// Every cryptosuite, both ways: what Laurel signs with it, the libraries of
// Digital Bazaar verify, and the other way round; forgeries hold nowhere.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {badge} from '../lib/badge.js';
import {reason} from '../lib/digitalbazaar.js';
import {changed} from '../lib/forge.js';
import {command, remarks, verifyByService} from '../lib/laurel.js';
import {derive, newKey, sign, sign2020, signBase, suites, verify, verifyDerived} from '../lib/suites.js';
import {each, root, world} from '../lib/world.js';

async function verdict(document, expected, what) {
  const report = await verifyByService(world.demo.baseURL, JSON.stringify(document));
  assert.equal(report.verdict, expected, `${what}: ${remarks(report).join(', ')}`);
  return report;
}

// Another suite or type is an unknown one, of which nothing can be told.
const open = ['/proof/type changed', '/proof/cryptosuite changed', '/proof/0/type changed', '/proof/0/cryptosuite changed'];
const wrong = name => open.includes(name) ? 'indeterminate' : 'invalid';

const ours = JSON.parse(execFileSync('go', ['run', './interop/suites'], {cwd: root, input: JSON.stringify(badge('did:key:ISSUER'))}));

test('Laurel signs with every suite and every curve', () => {
  const made = ours.map(({cryptosuite, algorithm}) => `${cryptosuite} ${algorithm}`);
  assert.deepEqual(made, ['eddsa-rdfc-2022 EdDSA', 'eddsa-jcs-2022 EdDSA', 'ecdsa-rdfc-2019 ES256', 'ecdsa-rdfc-2019 ES384',
    'ecdsa-jcs-2019 ES256', 'ecdsa-jcs-2019 ES384']);
});

for(const {cryptosuite, algorithm, credential} of ours) {
  test(`${cryptosuite} with ${algorithm} by Laurel`, async () => {
    const result = await verify(cryptosuite, structuredClone(credential));
    assert.ok(result.verified, reason(result));
    await verdict(credential, 'valid', 'as signed');
    const forgeries = [...changed(credential)];
    assert.ok(forgeries.length > 30);
    await each(forgeries, async ({name, document}) => {
      assert.equal((await verify(cryptosuite, structuredClone(document))).verified, false, `Digital Bazaar verified: ${name}`);
      await verdict(document, wrong(name), name);
    }, 2);
  });
}

for(const [name, {curves}] of Object.entries(suites)) {
  for(const curve of curves) {
    test(`${name} with ${curve} by Digital Bazaar`, async () => {
      const key = await newKey(curve);
      const signed = await sign(name, badge(key.controller), key);
      assert.equal(signed.proof.cryptosuite, name);
      await verdict(signed, 'valid', 'as signed');
      await each([...changed(signed)], ({name, document}) => verdict(document, wrong(name), name), 2);
    });
  }
}

const mandatory = ['/id', '/type', '/issuer', '/validFrom', '/name', '/credentialSubject/id', '/credentialSubject/type',
  '/credentialSubject/achievement'];

test('ecdsa-sd-2023: derived proofs, whatever they show', async () => {
  const key = await newKey('P-256');
  for(const pointers of [mandatory, ['/issuer'], mandatory.slice(0, 5)]) {
    const base = await signBase(badge(key.controller), key, pointers);
    await verdict(base, 'indeterminate', 'the base proof');
    for(const more of [['/evidence'], ['/credentialSubject'], ['/credentialSubject/result', '/credentialSubject/identifier'],
      ['/validFrom', '/credentialSubject', '/evidence', '/name', '/id', '/type']]) {
      const shown = await derive(structuredClone(base), [...mandatory, ...more]);
      const theirs = await verifyDerived(structuredClone(shown));
      assert.ok(theirs.verified, reason(theirs));
      await verdict(shown, 'warning', `${pointers} and ${more}`);
    }
  }
});

test('ecdsa-sd-2023: forgeries', async () => {
  const key = await newKey('P-256');
  const base = await signBase(badge(key.controller), key, mandatory);
  const shown = await derive(structuredClone(base), ['/evidence', '/credentialSubject']);
  const forgeries = [...changed(shown)];
  // What is shown may not be taken away afterwards either.
  for(const member of ['name', 'evidence', 'validFrom']) {
    const document = structuredClone(shown);
    delete document[member];
    forgeries.push({name: `${member} taken away`, document});
  }
  assert.ok(forgeries.length > 30);
  await each(forgeries, async ({name, document}) => {
    assert.equal((await verifyDerived(structuredClone(document))).verified, false, `Digital Bazaar verified: ${name}`);
    await verdict(document, wrong(name), name);
  }, 2);
});

test('ecdsa-sd-2023: statements do not pass from one badge to another', async () => {
  const key = await newKey('P-256');
  const [first, second] = await each([0, 1], async () =>
    derive(await signBase(badge(key.controller), key, mandatory), ['/evidence', '/credentialSubject']));
  await verdict(first, 'warning', 'as derived');
  await verdict({...first, proof: second.proof}, 'invalid', 'the proof of another');
  await verdict({...first, evidence: [{...second.evidence[0], name: 'Other'}]}, 'invalid', 'evidence of another');
});

// A badge on the VC data model 1.1, with the context that its proof needs.
const earlier = (issuer, context) => {
  const {validFrom, ...credential} = badge(issuer);
  return {...credential, issuanceDate: validFrom, '@context': ['https://www.w3.org/2018/credentials/v1',
    'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json', context]};
};

for(const [name, {curves}] of Object.entries(suites)) {
  test(`${name} on the VC data model 1.1`, async () => {
    const key = await newKey(curves[0]);
    const signed = await sign(name, earlier(key.controller, 'https://w3id.org/security/data-integrity/v2'), key);
    await verdict(signed, 'valid', 'as signed');
    await verdict({...signed, issuanceDate: '2025-05-02T12:00:00Z'}, 'invalid', 'another date');
  });
}

test('Ed25519Signature2020 on the VC data model 1.1', async () => {
  const signed = await sign2020(earlier('did:key:later', 'https://w3id.org/security/suites/ed25519-2020/v1'));
  await verdict(signed, 'valid', 'as signed');
  await each([...changed(signed)], ({name, document}) => verdict(document, wrong(name), name), 2);
});

const with2020 = () => {
  const credential = badge('did:key:later');
  credential['@context'].push('https://w3id.org/security/suites/ed25519-2020/v1');
  return credential;
};

test('Ed25519Signature2020 by Digital Bazaar', async () => {
  const signed = await sign2020(with2020());
  assert.equal(signed.proof.type, 'Ed25519Signature2020');
  await verdict(signed, 'valid', 'as signed');
  await each([...changed(signed)], ({name, document}) => verdict(document, wrong(name), name), 2);
});

test('Ed25519Signature2020 with an end that is signed', async () => {
  const signed = await sign2020(with2020(), {expires: '2999-01-01T00:00:00Z'});
  assert.equal(signed.proof.expires, '2999-01-01T00:00:00Z');
  await verdict(signed, 'valid', 'as signed');
  await verdict({...signed, proof: {...signed.proof, expires: '2998-01-01T00:00:00Z'}}, 'invalid', 'another end');
  const {expires, ...endless} = signed.proof;
  await verdict({...signed, proof: endless}, 'invalid', `without ${expires}`);
});

test('Ed25519Signature2020 with an end that nobody signed', async () => {
  const signed = await sign2020(with2020());
  await verdict({...signed, proof: {...signed.proof, expires: '2999-01-01T00:00:00Z'}}, 'indeterminate', 'added');
});

test('the command gives the verdicts of the service', async () => {
  for(const {cryptosuite, credential} of ours) {
    const {code} = await command(world.binary, ['verify', ...world.fetchFlags, '-'], {input: JSON.stringify(credential)});
    assert.equal(code, 0, cryptosuite);
  }
});
