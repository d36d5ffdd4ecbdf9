// Digital Bazaar's libraries, put together as their documentation says: they
// sign and verify with eddsa-rdfc-2022, and know nothing of Laurel.
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import * as didKey from '@digitalbazaar/did-method-key';
import * as didWeb from '@digitalbazaar/did-method-web';
import {published} from './contexts.js';

const drivers = {'did:key:': didKey.driver(), 'did:web:': didWeb.driver()};
for(const driver of Object.values(drivers)) {
  driver.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});
  driver.use({multibaseMultikeyHeader: 'zDna', fromMultibase: EcdsaMultikey.from});
  driver.use({multibaseMultikeyHeader: 'z82L', fromMultibase: EcdsaMultikey.from});
}

async function document(url) {
  if(published.has(url)) {
    return published.get(url);
  }
  for(const [method, driver] of Object.entries(drivers)) {
    if(url.startsWith(method)) {
      return driver.get({url});
    }
  }
  if(/^https?:/.test(url) && !url.includes('.jsonld') && !url.includes('/context')) {
    const answer = await fetch(url, {headers: {Accept: 'application/vc, application/json'}});
    if(answer.ok) {
      return answer.json();
    }
  }
  throw new Error(`NotFoundError: ${url}`);
}

// documentLoader gives contexts from packages, keys by DID, and status lists
// from the service that publishes them.
export async function documentLoader(url) {
  return {contextUrl: null, documentUrl: url, document: structuredClone(await document(url))};
}

// verify is the whole check: shape, dates, proof, controller, status.
export function verify(credential) {
  const suite = new DataIntegrityProof({cryptosuite});
  return vc.verifyCredential({credential, suite, documentLoader, maxClockSkew: 0,
    checkStatus: options => checkStatus({...options, verifyBitstringStatusListCredential: true})});
}

// reason tells why a result is not good, the innermost errors first.
export function reason(result) {
  const messages = [];
  for(const error of [result.statusResult?.error, result.error]) {
    for(let e = error; e; e = e.cause) {
      messages.push(...(e.errors ?? []).map(inner => inner.message), e.message);
    }
  }
  return messages.reverse().join('; ');
}

// newKey makes a did:key issuer, or the key of another controller.
export async function newKey(controller) {
  const key = await Ed25519Multikey.generate();
  key.controller = controller ?? `did:key:${key.publicKeyMultibase}`;
  key.id = `${key.controller}#${key.publicKeyMultibase}`;
  return key;
}

// sign issues a credential with an eddsa-rdfc-2022 proof.
export function sign(credential, key, {now} = {}) {
  const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});
  return vc.issue({credential, suite, documentLoader, now});
}

// present puts credentials together and proves who does it.
export function present(verifiableCredential, key, {challenge, domain}) {
  const presentation = vc.createPresentation({verifiableCredential, holder: key.controller});
  const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});
  return vc.signPresentation({presentation, suite, challenge, domain, documentLoader});
}
