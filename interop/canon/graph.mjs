// RDFC-1.0 alone: datasets of blank nodes, canonicalised by npm rdf-canonize.
import {createRequire} from 'node:module';
import {canonize} from 'rdf-canonize';

const RDFC10 = createRequire(import.meta.url)('rdf-canonize/lib/RDFC10.js');

// How often Hash N-Degree Quads ran, in what follows and under jsonld.
export const deep = {runs: 0};
const {hashNDegreeQuads} = RDFC10.prototype;
RDFC10.prototype.hashNDegreeQuads = function(...args) {
  deep.runs++;
  return hashNDegreeQuads.apply(this, args);
};

// judgeGraph names what came of a dataset; what starts with UNEXPLAINED is a
// fault of one of the two.
export async function judgeGraph(line) {
  const labels = new Map();
  let text;
  try {
    text = await canonize(line.document, {algorithm: 'RDFC-1.0', inputFormat: 'application/n-quads', format: 'application/n-quads',
      messageDigestAlgorithm: line.hash, canonicalIdMap: labels, maxDeepIterations: 20_000});
  } catch(e) {
    const what = /Maximum deep iterations/.test(e.message) ? 'their work limit' : null;
    return {theirs: {error: e.message}, what: what ? `${line.refused ? 'both refuse' : 'only they refuse'}, ${what}` : 'UNEXPLAINED: only they refuse'};
  }
  return {theirs: {text}, what: compared(line, text, Object.fromEntries([...labels].map(pair => pair.map(bare))))};
}

function compared(line, text, labels) {
  if(line.refused) {
    return /^over_budget /.test(line.refused) ? 'only we refuse, our budget' : 'UNEXPLAINED: only we refuse';
  }
  if(text !== (line.canonical ?? '')) {
    return 'UNEXPLAINED: different';
  }
  if(renamed(line.document, line.labels) !== text || renamed(line.document, labels) !== text) {
    return 'UNEXPLAINED: identifiers that do not give the form';
  }
  // Which of nodes that are alike in every way gets which identifier is open.
  const same = Object.keys(labels).every(name => labels[name] === line.labels[name]);
  return `${line.hash} identical, ${same ? 'and so are the identifiers' : 'identifiers of alike nodes exchanged'}`;
}

const bare = name => name.replace(/^_:/, '');

// renamed is a dataset with the identifiers that were issued, in order.
function renamed(quads, labels) {
  return quads.replace(/_:(\w+)/g, (_, name) => `_:${labels[name]}`).split(/(?<=\n)/).sort().join('');
}
