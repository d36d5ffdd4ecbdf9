// What the story of the demonstration leaves: how many badges of each
// achievement in which state, and which ones something befell.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const expected = {
  'hc20-m1': {active: 1},
  'hc20-m2': {active: 1},
  'hc20-m3': {active: 1},
  'hc20-participation': {active: 15, revoked: 1, erased: 1},
  'hc20-achievement': {active: 14, revoked: 1, erased: 1},
  'uh-kit-participant': {active: 58},
  'uh-kit-completion': {active: 49, revoked: 1},
  'uh-kit-facilitator': {active: 4},
  'uh-kit-contributor': {active: 3},
  'dh-planning': {active: 3},
  'dh-trainer': {active: 1}
};

// state tells revoked badges from those whose person was erased: these have no
// name left.
export const state = entry => entry.status === 'revoked' && entry.recipient === '' ? 'erased' : entry.status;

// left sorts what the demo told when it was ready.
export function left(entries) {
  const of = wanted => entries.filter(entry => state(entry) === wanted);
  const active = of('active'), revoked = of('revoked');
  // One whose grade was lowered afterwards waits for a person to decide.
  return {
    all: entries, badges: active, erased: of('erased'), withdrawn: revoked.filter(entry => entry.achievement.startsWith('hc20')),
    revoked: revoked.find(entry => entry.achievement === 'uh-kit-completion'),
    corrected: active.find(entry => entry.recipient === 'Participant Douze')
  };
}

// counted has the form of expected.
export function counted(entries) {
  const counts = {};
  for(const entry of entries) {
    const of = counts[entry.achievement] ??= {};
    of[state(entry)] = (of[state(entry)] ?? 0) + 1;
  }
  return counts;
}

const read = path => readFileSync(join(root, path), 'utf8');

// What was worked out without Laurel, and what the demo's platforms reported.
export const outcomes = (of = 'course') => JSON.parse(read(`programme/testdata/expected/${of}-outcomes.json`));
export const figures = () => JSON.parse(read('programme/statistics/testdata/statistics-workshop.json'));
export const events = () => read('cmd/laurel/demodata/course-events.jsonl').trim().split('\n').map(line => JSON.parse(line));
export const list = name => read(`programme/testdata/${name}`);
