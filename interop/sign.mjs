// A signing service as universities run them beside their own records: POST a
// badge without a proof, get it signed by Digital Bazaar's libraries. It checks
// nothing and stores nothing, and has no framework that would cost it time.
//   node sign.mjs contexts.json      prints its port
import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as didKey from '@digitalbazaar/did-method-key';

const documents = new Map(Object.entries(JSON.parse(readFileSync(process.argv[2]))));
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
const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});

async function sign(body) {
  const credential = JSON.parse(body);
  credential.issuer.id = key.controller;
  return JSON.stringify(await vc.issue({credential, suite, documentLoader}));
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part));
  request.on('end', async () => {
    try {
      const signed = await sign(Buffer.concat(parts));
      response.writeHead(201, {'content-type': 'application/json', 'content-length': Buffer.byteLength(signed)});
      response.end(signed);
    } catch(error) {
      response.writeHead(500).end(String(error));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
