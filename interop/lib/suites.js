// The cryptosuites of Digital Bazaar, by name: how they sign, verify, and derive.
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite as eddsaRdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {cryptosuite as ecdsaRdfc} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as ecdsaJcs from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import {Ed25519Signature2020} from '@digitalbazaar/ed25519-signature-2020';
import {Ed25519VerificationKey2020} from '@digitalbazaar/ed25519-verification-key-2020';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {documentLoader} from './digitalbazaar.js';

const rdfc = cryptosuite => ({signing: () => cryptosuite, verifying: () => cryptosuite});
const jcs = library => ({signing: library.createSignCryptosuite, verifying: library.createVerifyCryptosuite});

export const suites = {
  'eddsa-rdfc-2022': {...rdfc(eddsaRdfc), curves: ['Ed25519']},
  'eddsa-jcs-2022': {...jcs(eddsaJcs), curves: ['Ed25519']},
  'ecdsa-rdfc-2019': {...rdfc(ecdsaRdfc), curves: ['P-256', 'P-384']},
  'ecdsa-jcs-2019': {...jcs(ecdsaJcs), curves: ['P-256', 'P-384']}
};

// newKey makes a did:key issuer.
export async function newKey(curve) {
  const key = curve === 'Ed25519' ? await Ed25519Multikey.generate() : await EcdsaMultikey.generate({curve});
  key.controller = `did:key:${key.publicKeyMultibase}`;
  key.id = `${key.controller}#${key.publicKeyMultibase}`;
  return key;
}

export function sign(name, credential, key) {
  const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite: suites[name].signing()});
  return vc.issue({credential, suite, documentLoader});
}

export function verify(name, credential) {
  const suite = new DataIntegrityProof({cryptosuite: suites[name].verifying()});
  return vc.verifyCredential({credential, suite, documentLoader});
}

// signBase makes a base proof of ecdsa-sd-2023, with the statements that
// pointers select to be shown always.
export function signBase(credential, key, mandatoryPointers) {
  const cryptosuite = ecdsaSd.createSignCryptosuite({mandatoryPointers});
  return vc.issue({credential, suite: new DataIntegrityProof({signer: key.signer(), cryptosuite}), documentLoader});
}

// derive shows what pointers select beside what is mandatory.
export function derive(verifiableCredential, selectivePointers) {
  const cryptosuite = ecdsaSd.createDiscloseCryptosuite({selectivePointers});
  return vc.derive({verifiableCredential, suite: new DataIntegrityProof({cryptosuite}), documentLoader});
}

export function verifyDerived(credential) {
  const cryptosuite = ecdsaSd.createVerifyCryptosuite();
  return vc.verifyCredential({credential, suite: new DataIntegrityProof({cryptosuite}), documentLoader});
}

// sign2020 makes a proof of the type Ed25519Signature2020, with more members
// that it signs.
export async function sign2020(credential, more = {}) {
  const pair = await Ed25519VerificationKey2020.generate();
  pair.controller = `did:key:${pair.fingerprint()}`;
  pair.id = `${pair.controller}#${pair.fingerprint()}`;
  const suite = new Ed25519Signature2020({key: pair, proof: {'@context': credential['@context'], type: 'Ed25519Signature2020', ...more}});
  const issuer = {...credential.issuer, id: pair.controller};
  const signed = await vc.issue({credential: {...credential, issuer}, suite, documentLoader});
  delete signed.proof['@context'];
  return signed;
}
