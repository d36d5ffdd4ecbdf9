// Makes a document with contexts written inline as small as it can be while
// what comes of it stays the same.
import {judge} from './judge.mjs';
import {laurel} from './laurel.mjs';

export async function shrink(document, what, contexts) {
  const same = async d => (await judge('inline', await laurel(d), d, contexts)).what === what;
  let best = document;
  for(let shorter = true; shorter;) {
    shorter = false;
    for(const smaller of lesser(best)) {
      if(await same(smaller)) {
        best = smaller;
        shorter = true;
        break;
      }
    }
  }
  const mine = await laurel(best);
  const {theirs} = await judge('inline', mine, best, contexts);
  return `${JSON.stringify(best)}\nours\n${mine.canonical ?? mine.refused}\ntheirs\n${theirs.text ?? theirs.error}`;
}

// lesser yields the value with one thing less, larger things first.
function* lesser(value) {
  if(value === null || typeof value !== 'object') {
    return;
  }
  const copy = () => Array.isArray(value) ? [...value] : {...value};
  for(const key of Object.keys(value)) {
    const without = copy();
    if(Array.isArray(value)) {
      without.splice(Number(key), 1);
    } else {
      delete without[key];
    }
    yield without;
  }
  if(Array.isArray(value) && value.length === 1) {
    yield value[0];
  }
  for(const key of Object.keys(value)) {
    for(const inner of lesser(value[key])) {
      const changed = copy();
      changed[key] = inner;
      yield changed;
    }
  }
}
