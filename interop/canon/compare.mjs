// Compares Laurel's canonical forms with those of npm jsonld and rdf-canonize.
//
//   go run ./interop/canon/lines -count 1000 > lines
//   node interop/canon/compare.mjs lines
//
// Reads the documents and our results line by line, canonicalises each document
// in safe mode, and counts. Deviations of jsonld.js that are known are named;
// anything else ends with status 1.
import {createReadStream} from 'node:fs';
import {createInterface} from 'node:readline';
import jsonld from 'jsonld';

const file = process.argv[2];
if(!file) {
  console.error('usage: node compare.mjs LINES');
  process.exit(2);
}

let contexts;
const documentLoader = async url => {
  if(!(url in contexts)) {
    throw new Error(`context not held: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: contexts[url]};
};

async function theirs(document) {
  try {
    return {text: await jsonld.canonize(document, {
      algorithm: 'RDFC-1.0', format: 'application/n-quads', safe: true, documentLoader
    })};
  } catch(e) {
    return {error: e.details?.event?.code ?? e.details?.code ?? e.details?.cause?.details?.code ?? e.message};
  }
}

const xsd = 'http://www.w3.org/2001/XMLSchema#';

// What jsonld.js does otherwise than the specifications.
const known = {
  // Whatever else differs beside such a number is not explained by it.
  'number without a point written as an integer': ({document, text, mine}) => {
    const odd = numbers(document).filter(n => n % 1 !== 0 && !String(n).includes('.'));
    return odd.length > 0 && unlabelled(text) === unlabelled(odd.reduce(mistaken, mine));
  },
  'a line twice': ({text, mine}) => [...new Set(text.split('\n'))].join('\n') === mine,
  // Order decides labels too, so those are left out of the comparison.
  'UTF-16 order': ({text, mine}) => /[\ud800-\udbff]/.test(mine) && /[\ue000-\uffff]/.test(mine) &&
    unlabelled(text) === unlabelled(mine)
};

// Ours refuse these, and jsonld.js takes them: stricter by intent.
const stricter = [
  /^null_value /,
  /^unsigned_keyword .*@index/,
  /^invalid_iri .*"_:/,
  /^data_loss .* an array within an array/,
  /^data_loss .* beside @(list|set)/,
  /^data_loss .* more digits/,
  /^data_loss .* so small/,
  /^unsupported /,
  /^over_budget /
];

function numbers(value) {
  if(typeof value === 'number') {
    return [value];
  }
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(numbers) : [];
}

// Writes a double in canonical N-Quads as jsonld.js does where it takes it for
// an integer.
function mistaken(text, n) {
  const [digits, exponent] = n.toExponential(15).split('e');
  const lexical = `${digits.replace(/0+$/, '').replace(/\.$/, '.0')}E${Number(exponent)}`;
  return text.replaceAll(`"${lexical}"^^<${xsd}double>`, `"${n.toFixed(0)}"^^<${xsd}integer>`)
    .replaceAll(`"${lexical}"^^<`, `"${n.toFixed(0)}"^^<`);
}

function unlabelled(text) {
  return [...new Set(text.split('\n'))].map(l => l.replace(/_:c14n\d+/g, '_:')).sort().join('\n');
}

const counts = {};
const count = what => counts[what] = (counts[what] ?? 0) + 1;
let unexplained = 0;

function unexpected(what, line, detail) {
  count(`UNEXPLAINED: ${what}`);
  if(++unexplained <= 5) {
    console.log(`--- ${line.name}: ${what}\n${line.document}\n${detail}`);
  }
}

for await (const text of createInterface({input: createReadStream(file)})) {
  const line = JSON.parse(text);
  if(line.contexts) {
    contexts = line.contexts;
    continue;
  }
  const sort = line.name.split(' ')[0];
  const document = JSON.parse(line.document);
  const result = await theirs(document);
  if(line.refused && result.error) {
    count(`${sort}: both refuse`);
  } else if(line.refused) {
    const rule = stricter.find(r => r.test(line.refused));
    if(rule) {
      count(`${sort}: only we refuse, ${rule}`);
    } else {
      unexpected('only we refuse', line, line.refused);
    }
  } else if(result.error) {
    if(/Maximum deep iterations/.test(result.error)) {
      count(`${sort}: only they refuse, their work limit`);
    } else if(sort === 'added' && /^object with only @(list|value|id)$/.test(result.error)) {
      // A list or set object ends the context of a type; if the property holds
      // graphs outside of it, they look for a node in there.
      count(`${sort}: only they refuse, a graph expected where a type's context has ended`);
    } else {
      unexpected('only they refuse', line, result.error);
    }
  } else if(result.text === line.canonical) {
    count(`${sort}: identical`);
  } else {
    const name = Object.keys(known).find(k => known[k]({document, text: result.text, mine: line.canonical}));
    if(name) {
      count(`${sort}: ${name}`);
    } else {
      unexpected('different', line, `ours\n${line.canonical}\ntheirs\n${result.text}`);
    }
  }
}

for(const what of Object.keys(counts).sort()) {
  console.log(String(counts[what]).padStart(7), what);
}
process.exit(unexplained ? 1 : 0);
