// What npm jsonld and rdf-canonize make of a document, in safe mode, and how
// that stands to what Laurel made of it. Deviations that are known are named;
// anything else is unexplained.
import jsonld from 'jsonld';
import ContextResolver from 'jsonld/lib/ContextResolver.js';
import {laurel} from './laurel.mjs';

// Contexts that were read, kept from one document to the next. What jsonld.js
// keeps is changed by documents that import a context, and by faulty ones, whose
// warnings come again for whoever names the same contexts; so after those it
// begins anew.
let kept = new Map();

export async function canonize(document, contexts) {
  const documentLoader = async url => {
    if(!(url in contexts)) {
      throw new Error(`context not held: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: contexts[url]};
  };
  const imports = JSON.stringify(document).includes('"@import"');
  if(imports) {
    kept = new Map();
  }
  let faulty = true;
  try {
    const text = await jsonld.canonize(structuredClone(document), {
      format: 'application/n-quads', safe: true, documentLoader,
      canonizeOptions: {algorithm: 'RDFC-1.0', maxDeepIterations: 20_000},
      contextResolver: new ContextResolver({sharedCache: kept})
    });
    faulty = false;
    return {text};
  } catch(e) {
    return {error: e.details?.event?.code ?? e.details?.code ?? e.details?.cause?.details?.code ?? e.message};
  } finally {
    if(faulty || imports) {
      kept = new Map();
    }
  }
}

const xsd = 'http://www.w3.org/2001/XMLSchema#';

// What jsonld.js does otherwise than the specifications.
const known = {
  // Whatever else differs beside such numbers is not explained by them.
  'number without a point written as an integer': ({document, text, mine}) =>
    mistaken(document, mine).some(changed => unlabelled(text) === unlabelled(changed)),
  'a text of the datatype xsd:double written as a number': ({document, text, mine}) => {
    const changed = numbered(mine);
    return changed !== mine && [changed, ...mistaken(document, changed)].some(c => unlabelled(text) === unlabelled(c));
  },
  'a line twice': ({text, mine}) => {
    const lines = text.trim().split('\n');
    return new Set(lines).size < lines.length && unlabelled(text) === unlabelled(mine);
  },
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

const odd = document => numbers(document).filter(n => n % 1 !== 0 && !String(n).includes('.'));

// Writes doubles in canonical N-Quads as jsonld.js does where it takes them for
// integers: each of them or not, since it does so under no datatype only.
function mistaken(document, text) {
  let texts = [text];
  for(const n of [...new Set(odd(document))].slice(0, 6)) {
    const digits = n.toFixed(0);
    texts = texts.flatMap(t => [t, t.replaceAll(double(n), `"${digits}"^^<${xsd}integer>`)
      .replaceAll(double(n).replace(/\^\^.*/, '^^<'), `"${digits}"^^<`)]);
  }
  return texts.filter(t => t !== text);
}

const double = n => `"${n.toExponential(15).replace(/(\d)0*e\+?/, '$1E')}"^^<${xsd}double>`;

const texts = new RegExp(`"((?:[^"\\\\]|\\\\.)*)"\\^\\^<${xsd}double>`, 'g');

// Writes texts of the datatype xsd:double as jsonld.js does, which reads them.
function numbered(text) {
  return text.replace(texts, (whole, digits) => /^(true|false|-?\d\.\d+E-?\d+)$/.test(digits) ? whole : double(parseFloat(digits)));
}

function unlabelled(text) {
  return [...new Set(text.split('\n'))].map(l => l.replace(/_:c14n\d+/g, '_:')).sort().join('\n');
}

// Where contexts are written inline, these are ours by intent: what is stated
// in docs/conformance.md.
const stated = {
  'null': /^null_value |^context_fault .*(neither undefine nor import|is an object or a name)/,
  '@index and @direction': /^unsigned_keyword .*@(index|direction)/,
  'a context written out within a node': /^unknown_context .*named here, not written out/,
  '@graph, @included, @reverse and other keywords in a node': /^unsupported \/[^ ]* @\w+ is not handled here/,
  '@set around an object': /^unsupported .*@set around an object/,
  'lists in lists': /^unsupported .*a list within a list/,
  'maps by id, type or a property': /^unsupported .*a map by id, type or a property/,
  'another name for a keyword of values or lists': /^unsupported .*another name for @/,
  'a term defined anew in its own context': /^unsupported .*whose own context defines it anew/,
  '@base, @nest and other keywords in a context': /^unsupported .*this is not handled in a context/,
  'a relative @vocab': /^unsupported .*a relative @vocab/,
  'a language tag in a context': /^invalid_iri \/@context.*no language tag/,
  'types in two members': /^unsupported .*types in two members/,
  'a protected term defined several times': /^unsupported .*defined several times, and protected/,
  '@protected is neither true nor false': /^context_fault .*neither true nor false/,
  'nothing is said': /^data_loss .*(says nothing that could be signed|nothing is said)/,
  'a value of several types': /^data_loss .*a value has one type/,
  'numbers': /^data_loss .*(more digits|so small)/,
  'our budget': /^over_budget /
};

// What jsonld.js refuses, each with the same document put in another way. Only
// if it takes that, and makes of it what we made, the fault is the one named.
const refused = {
  '@protected is false, which it takes for a circle': [/^(cyclic IRI mapping|invalid scoped context)$/, notProtected],
  'a faulty context of a term that nothing in the document uses': [/^(invalid scoped context|cyclic IRI mapping)$/,
    (document, mine) => withoutIdle(notProtected(document), mine)],
  // Its container makes a graph of what is in a map, and of nothing else.
  'a graph expected where the map of graphs is an array': [/^object with only @(list|value|id)$/,
    document => edited(document, (path, value) => path.at(-1) === '@container' && Array.isArray(value) && value.includes('@graph') &&
      value.some(kind => kind === '@id' || kind === '@index'))]
};

function notProtected(document) {
  return edited(document, (path, value) => path.at(-1) === '@protected' && value === false);
}

// withoutIdle is the document without the contexts of terms that make no
// difference to us.
async function withoutIdle(document, mine) {
  const contexts = [];
  edited(document, path => {
    if(path.length > 2 && path.at(-1) === '@context' && path[0] === '@context') {
      contexts.push(path.join());
    }
  });
  for(const context of contexts) {
    const without = edited(document, path => path.join() === context);
    if((await laurel(without)).canonical === mine) {
      document = without;
    }
  }
  return document;
}

// edited is a copy without the members that are to go.
function edited(value, goes, path = []) {
  if(value === null || typeof value !== 'object') {
    return value;
  }
  if(Array.isArray(value)) {
    return value.map((e, i) => edited(e, goes, [...path, i]));
  }
  return Object.fromEntries(Object.keys(value).filter(name => !goes([...path, name], value[name]))
    .map(name => [name, edited(value[name], goes, [...path, name])]));
}

async function excuse({error}, document, mine, contexts) {
  for(const [name, [errors, otherwise]] of Object.entries(refused)) {
    if(errors.test(error)) {
      const {text} = await canonize(await otherwise(document, mine), contexts);
      if(text === mine || text && deviation(document, text, mine)) {
        return name;
      }
    }
  }
}

const deviation = (document, text, mine) => Object.keys(known).find(k => known[k]({document, text, mine}));

const ownRefusal = (sort, reason) => sort === 'inline' ?
  Object.keys(stated).find(name => stated[name].test(reason)) : stricter.find(r => r.test(reason));

// judge tells what jsonld.js made of the document of a line, and names how that
// stands to what we made. What starts with UNEXPLAINED is a fault of one of us.
export async function judge(sort, line, document, contexts) {
  const theirs = await canonize(document, contexts);
  return {what: await named(sort, line, document, theirs, contexts), theirs};
}

async function named(sort, line, document, theirs, contexts) {
  if(line.refused && theirs.error) {
    return 'both refuse';
  }
  if(line.refused) {
    const rule = ownRefusal(sort, line.refused);
    return rule ? `only we refuse, ${rule}` : 'UNEXPLAINED: only we refuse';
  }
  if(theirs.error) {
    if(/Maximum deep iterations/.test(theirs.error)) {
      return 'only they refuse, their work limit';
    }
    if(sort === 'added' && /^object with only @(list|value|id)$/.test(theirs.error)) {
      // A list or set object ends the context of a type; if the property holds
      // graphs outside of it, they look for a node in there.
      return 'only they refuse, a graph expected where a type\'s context has ended';
    }
    const name = await excuse(theirs, document, line.canonical, contexts);
    return name ? `only they refuse, ${name}` : `UNEXPLAINED: only they refuse, ${theirs.error}`;
  }
  if(theirs.text === line.canonical) {
    return 'identical';
  }
  return deviation(document, theirs.text, line.canonical) ?? 'UNEXPLAINED: different';
}
