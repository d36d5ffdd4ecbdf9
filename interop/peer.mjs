// Issues or verifies one credential n times with Digital Bazaar's libraries:
// node peer.mjs issue|verify n badge.json contexts.json
import {readFileSync} from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as didKey from '@digitalbazaar/did-method-key';

const [what, n, badge, contexts] = process.argv.slice(2);
const documents = new Map(Object.entries(JSON.parse(readFileSync(contexts))));
const driver = didKey.driver();
driver.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});

// All is at hand, and resolved keys are kept: nothing is fetched or made twice.
async function documentLoader(url) {
  if(!documents.has(url)) {
    documents.set(url, await driver.get({url}));
  }
  return {contextUrl: null, documentUrl: url, document: documents.get(url)};
}

const key = await Ed25519Multikey.generate();
key.controller = `did:key:${key.publicKeyMultibase}`;
key.id = `${key.controller}#${key.publicKeyMultibase}`;
const credential = JSON.parse(readFileSync(badge));
credential.issuer.id = key.controller;
const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});
const issue = () => vc.issue({credential: structuredClone(credential), suite, documentLoader});

async function verify(signed) {
  const {verified, error} = await vc.verifyCredential({credential: signed, suite: new DataIntegrityProof({cryptosuite}), documentLoader,
    checkStatus: async () => ({verified: true})});
  if(!verified) {
    throw error;
  }
}

const signed = await issue();
await verify(signed);
for(let i = 0; i < Number(n); i++) {
  await (what === 'issue' ? issue() : verify(signed));
}
