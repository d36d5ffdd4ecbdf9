// Compares Laurel's canonical forms with those of npm jsonld and rdf-canonize.
//
//   go run ./interop/canon/lines -count 1000 > lines
//   node interop/canon/compare.mjs lines
//
// Reads the documents and our results line by line, canonicalises each document
// in safe mode, and counts. Deviations that are known are named; anything else
// is shown, in small if it is a document with contexts written inline, and ends
// with status 1.
import {createReadStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {deep, judgeGraph} from './graph.mjs';
import {judge} from './judge.mjs';
import {shrink} from './shrink.mjs';

const file = process.argv[2];
if(!file) {
  console.error('usage: node compare.mjs LINES');
  process.exit(2);
}

const shown = 3; // of each sort of unexplained ones, in full
const counts = {};
let contexts;
let unexplained = 0;

for await (const text of createInterface({input: createReadStream(file)})) {
  const line = JSON.parse(text);
  if(line.contexts) {
    contexts = line.contexts;
    continue;
  }
  const sort = line.name.split(' ')[0];
  const before = deep.runs;
  const document = sort === 'graph' ? line.document : JSON.parse(line.document);
  const {what, theirs} = sort === 'graph' ? await judgeGraph(line) : await judge(sort, line, document, contexts);
  if(deep.runs > before) {
    const reached = `${sort}: reached Hash N-Degree Quads`;
    counts[reached] = (counts[reached] ?? 0) + 1;
    counts[`${reached}, runs`] = (counts[`${reached}, runs`] ?? 0) + deep.runs - before;
  }
  const nth = counts[`${sort}: ${what}`] = (counts[`${sort}: ${what}`] ?? 0) + 1;
  if(what.startsWith('UNEXPLAINED') && ++unexplained && nth <= shown) {
    const small = sort === 'inline' ? await shrink(document, what, contexts) : line.document;
    console.log(`--- ${line.name}: ${what}\n${small}`);
    if(sort !== 'inline') {
      console.log(`ours\n${line.canonical ?? line.refused}\ntheirs\n${theirs.text ?? theirs.error}`);
    }
  }
}

for(const what of Object.keys(counts).sort()) {
  console.log(String(counts[what]).padStart(7), what);
}
process.exit(unexplained ? 1 : 0);
