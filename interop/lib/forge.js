// Forgeries: small changes to a signed badge that no verifier may accept.

// leaves walks all values that hold no others, with the path to each.
export function* leaves(value, path = []) {
  if(value !== null && typeof value === 'object') {
    for(const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, [...path, Array.isArray(value) ? Number(name) : name]);
    }
  } else {
    yield [path, value];
  }
}

// at returns a copy of a document in which f has changed the value at path.
export function at(document, path, f) {
  const copy = structuredClone(document);
  const parent = path.slice(0, -1).reduce((inner, name) => inner[name], copy);
  const last = path.at(-1);
  parent[last] = f(parent[last]);
  return copy;
}

const next = {z: 'a', Z: 'A', 9: '0'};

// otherLetter changes one letter or digit near the middle, and nothing else.
export function otherLetter(text) {
  const letters = [...text];
  const middle = Math.floor(letters.length / 2);
  const order = letters.map((_, n) => n).sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  const n = order.find(n => /[\p{L}\p{N}]/u.test(letters[n])) ?? order[0];
  const letter = letters[n] ?? '';
  letters[n] = next[letter] ?? String.fromCodePoint((letter.codePointAt(0) ?? 0x60) + 1);
  return letters.join('');
}

function other(value) {
  switch(typeof value) {
    case 'string': return otherLetter(value);
    case 'number': return value + 1;
    case 'boolean': return !value;
  }
  throw new Error(`no change known for ${value}`);
}

// changed yields the document once for each of its values, with that one
// changed.
export function* changed(document) {
  for(const [path, value] of leaves(document)) {
    yield {name: `/${path.join('/')} changed`, path, document: at(document, path, other)};
  }
}

// added yields the document with things put in that nobody signed.
export function* added(document) {
  const forge = (name, f) => {
    const copy = structuredClone(document);
    f(copy, copy.credentialSubject);
    return {name, document: copy};
  };
  yield forge('undefined term on top', c => { c.inventedTerm = 'not signed'; });
  yield forge('undefined term in the subject', (_, s) => { s.inventedTerm = 'not signed'; });
  yield forge('undefined term in the achievement', (_, s) => { s.achievement.inventedTerm = 'not signed'; });
  yield forge('undefined type', c => { c.type = [...c.type, 'InventedType']; });
  yield forge('evidence with a relative id', c => {
    c.evidence = [...(c.evidence ?? []), {id: 'evidence/1', type: ['Evidence'], name: 'Put in later'}];
  });
  yield forge('evidence with an absolute id', c => {
    c.evidence = [...(c.evidence ?? []), {id: 'https://evidence.example/later', type: ['Evidence'], name: 'Put in later'}];
  });
  yield forge('result with a relative id', (_, s) => {
    s.result = [...(s.result ?? []), {id: 'result/1', type: ['Result'], value: '100'}];
  });
  yield forge('second subject with a relative id', (c, s) => {
    c.credentialSubject = [s, {...structuredClone(s), id: 'somebody-else'}];
  });
  yield forge('second subject', (c, s) => {
    c.credentialSubject = [s, {...structuredClone(s), id: 'urn:uuid:00000000-0000-4000-8000-000000000001'}];
  });
  yield forge('no proof', c => { delete c.proof; });
  yield forge('no proof in the list', c => { c.proof = []; });
  yield forge('status entry left out', c => { delete c.credentialStatus; });
  yield forge('validUntil added', c => { c.validUntil = '2101-01-01T00:00:00Z'; });
}
