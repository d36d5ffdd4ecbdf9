// The contexts that Laurel holds are tables that it renders. They must mean
// what the packages of other people mean by the same URL.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import jsonld from 'jsonld';
import {packages, published} from '../lib/contexts.js';
import {credential, each, world} from '../lib/world.js';

const ours = JSON.parse(readFileSync(world.contexts, 'utf8'));

// What a package lacks because it was made before an addition in place.
const addedLater = {'https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json': ['jti', 'endorsementJwt']};

// Two versions of this one go round: the W3C's, which we hold, and an older one
// in the package, which says more about keys. They have to agree on what both
// define and on what a signature covers.
const twoVersions = 'https://w3id.org/security/suites/ed25519-2020/v1';

// meaning writes one context in one way: a term that is only an IRI as an
// object, names in order, and without the version announcement, which changes
// nothing in a JSON-LD 1.1 processor.
function meaning(context, leaveOut = []) {
  if(context === null || typeof context !== 'object') {
    return context;
  }
  const out = {};
  for(const name of Object.keys(context).filter(n => n !== '@version' && !leaveOut.includes(n)).sort()) {
    const value = context[name];
    if(name.startsWith('@') || value === null) {
      out[name] = value;
      continue;
    }
    const definition = typeof value === 'string' ? {'@id': value} : {...value};
    if('@context' in definition) {
      definition['@context'] = meaning(definition['@context']);
    }
    out[name] = Object.fromEntries(Object.entries(definition).sort(([a], [b]) => a < b ? -1 : 1));
  }
  return out;
}

// canonical is what a proof would be made over, with some contexts.
function canonical(document, contexts) {
  return jsonld.canonize(document, {
    algorithm: 'RDFC-1.0', format: 'application/n-quads', safe: true,
    documentLoader: async url => ({contextUrl: null, documentUrl: url, document: contexts(url) ?? assert.fail(`no context ${url}`)})
  });
}

for(const [name, contexts] of Object.entries(packages)) {
  for(const [url, document] of contexts) {
    if(!(url in ours) || url === twoVersions) {
      continue;
    }
    test(`${url} means what ${name} holds`, () => {
      const later = addedLater[url] ?? [];
      const missing = later.filter(term => !(term in document['@context']));
      assert.deepEqual(meaning(ours[url]['@context'], missing), meaning(document['@context']));
    });
  }
}

test(`${twoVersions} gives the same RDF to a proof in both versions`, async () => {
  const proof = {
    '@context': ['https://www.w3.org/2018/credentials/v1', twoVersions], type: 'Ed25519Signature2020', created: '2025-01-01T00:00:00Z',
    verificationMethod: 'did:key:z6Mk#z6Mk', proofPurpose: 'assertionMethod', domain: 'd.example', challenge: 'c'
  };
  const quads = await canonical(proof, url => ours[url]);
  assert.equal(quads.trimEnd().split('\n').length, 6, quads);
  assert.equal(quads, await canonical(proof, url => published.get(url)));
});

test('all contexts that badges of Laurel name are held by others too', async () => {
  const badges = [...world.demo.badges.slice(0, 3), ...world.academy.badges];
  const used = new Set((await each(badges, credential)).flatMap(c => c['@context']));
  assert.ok(used.size >= 2, [...used].join());
  for(const url of used) {
    assert.ok(published.has(url) && url in ours, url);
  }
});

test('jsonld.js canonicalises badges to the same RDF with either', async () => {
  const badges = [...world.demo.badges.slice(0, 5), world.demo.badges.at(-1), ...world.academy.badges];
  for(const badge of await each(badges, credential)) {
    const quads = await canonical(badge, url => ours[url]);
    assert.ok(quads.split('\n').length > 20, quads);
    assert.equal(quads, await canonical(badge, url => published.get(url)));
  }
});
