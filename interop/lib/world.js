// The world that a test finds: what run.js built and started before it.
import {readFileSync, existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

if(!process.env.INTEROP_WORLD) {
  throw new Error('Start the tests with `node interop/run.js`: it builds and starts what they need.');
}

export const world = JSON.parse(readFileSync(process.env.INTEROP_WORLD, 'utf8'));

// specFile reads one of the published files, which are no part of this
// repository.
export function specFile(name) {
  const folder = process.env.SPEC_FILES ?? join(root, '..', 'shared', 'spec', 'files');
  const path = join(folder, name);
  if(!existsSync(path)) {
    throw new Error(`The published file ${name} is missing: set SPEC_FILES to the folder that holds them.`);
  }
  return readFileSync(path, 'utf8');
}

// get asks for an address and demands a good answer.
export async function get(url, accept = '*/*') {
  const answer = await fetch(url, {headers: {Accept: accept}});
  if(!answer.ok) {
    throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
  }
  return answer;
}

export const credential = async badge => (await get(`${badge.credentialId}.json`)).json();
export const jwt = async badge => (await get(`${badge.credentialId}.jwt`)).text();

// each runs f over all items, a few at a time, and returns its results in
// their order.
export async function each(items, f, width = 4) {
  const results = new Array(items.length);
  let next = 0;
  await Promise.all(Array.from({length: width}, async () => {
    while(next < items.length) {
      const n = next++;
      results[n] = await f(items[n], n);
    }
  }));
  return results;
}

// spread picks n items, evenly.
export function spread(items, n) {
  if(items.length <= n) {
    return items;
  }
  return Array.from({length: n}, (_, i) => items[Math.floor(i * items.length / n)]);
}
