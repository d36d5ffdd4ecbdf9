// The story of the demonstration, asked for from outside over HTTP: who holds
// what, that telling it again changes nothing, and what the public, a country
// and the staff may see of it. What must come out was worked out without Laurel.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {command} from '../lib/laurel.js';
import {counted, events, expected, figures, list, outcomes, state} from '../lib/story.js';
import {each, world} from '../lib/world.js';

const {baseURL, token, data, all} = world.demo;

// ask gives the status and the body of an answer, whatever it is.
async function ask(path, {as = token, accept = 'application/json', ...options} = {}) {
  const answer = await fetch(new URL(path, baseURL), {...options,
    headers: {Accept: accept, ...(as && {Authorization: `Bearer ${as}`}), ...options.headers}});
  const text = await answer.text();
  return {status: answer.status, headers: answer.headers, text, body: answer.headers.get('Content-Type').includes('json') ? JSON.parse(text) : undefined};
}

async function found(path, options) {
  const {status, body, text} = await ask(path, options);
  assert.equal(status, 200, `${path}: ${text}`);
  return body;
}

const post = (path, body, type = 'application/json') => ask(path, {method: 'POST', headers: {'Content-Type': type},
  body: type === 'application/json' ? JSON.stringify(body) : body});

async function pages(query) {
  const items = [];
  for(let next = `/v1/credentials?limit=200&${query}`; next;) {
    const page = await found(next);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

// held is what there is of the story's achievements. Other tests issue badges
// of their own beside it.
const held = async () => (await each(Object.keys(expected), slug => pages(`achievement=${slug}`))).flat()
  .sort((a, b) => a.id < b.id ? -1 : 1);

const figuresNow = (as, query = 'achievement=uh-kit-participant&edition=2025-1') => found(`/v1/statistics?${query}`, {as});

// unchanged demands that something leaves every record and figure as it was.
async function unchanged(what) {
  const before = [await held(), await figuresNow(token), await figuresNow(token, 'activity=hc20')];
  await what();
  assert.deepEqual([await held(), await figuresNow(token), await figuresNow(token, 'activity=hc20')], before);
}

test('as many badges of each achievement in each state as there must be', async () => {
  assert.deepEqual(counted(all), expected);
  const total = slugs => all.filter(entry => entry.achievement.startsWith(slugs)).length;
  assert.deepEqual([total('uh-kit-'), total('hc20-'), total('dh-'), all.length], [115, 36, 4, 155]);
  const listed = await held();
  assert.deepEqual(listed.map(item => item.id), all.map(entry => entry.id).sort());
  assert.deepEqual(counted(listed.map(item => ({...item, recipient: item.erasedAt ? '' : item.id}))), expected);
});

test('the course: every learner holds what the rules give, and nobody else does', async () => {
  const {final} = outcomes().ladder_all;
  const learners = Array.from({length: 23}, (_, n) => `participant.${String(n + 1).padStart(2, '0')}@learner.example`);
  const holders = await each(learners, async email => {
    const items = (await pages(`email=${encodeURIComponent(email)}`)).filter(item => item.achievement.startsWith('hc20'));
    const badges = Object.fromEntries(items.map(item => [item.achievement, item.status]));
    assert.equal(Object.keys(badges).length, items.length, `${email} holds one twice`);
    assert.deepEqual(badges, email === 'participant.20@learner.example' ? {} : final[email] ?? {}, email); // 20 is forgotten
    return items.length > 0;
  });
  assert.equal(holders.filter(Boolean).length, 17 - 1);
});

// told demands the answer to an event of the course that came before: replayed,
// with what it was at first, or refused as it was.
function told(line, {status, result, first, code}) {
  const was = outcomes().per_event[line];
  const what = `line ${line + 1}`;
  assert.equal(status, was.http, what);
  if(was.http === 200) {
    assert.equal(result, 'replayed', what);
    if(was.result !== 'replayed') {
      assert.equal(first, was.result, what);
    }
  } else {
    assert.equal(code, was.reason ?? 'event_reused', what);
  }
}

// Two tests would look at the same records while they change nothing.
test('the course told again, whole and line by line, changes nothing', () => unchanged(async () => {
  const lines = events();
  assert.equal(lines.length, 34);
  const {status, body} = await post('/v1/completions', lines);
  assert.equal(status, 200);
  assert.equal(body.results.length, lines.length);
  body.results.forEach((answer, line) => told(line, {...answer, code: answer.problem?.code}));
  const statuses = await each(lines, async (event, line) => {
    const answer = await post('/v1/completions', event);
    told(line, {status: answer.status, ...answer.body});
    return answer.status;
  });
  assert.deepEqual([200, 409, 422].map(code => statuses.filter(s => s === code).length), [30, 1, 3]);
}));

test('the workshop listed again, in both forms, finds everybody served', () => unchanged(async () => {
  for(const name of ['workshop-roster.csv', 'workshop-roster-excel.csv']) {
    const {status, body, text} = await post('/v1/rosters/uh-kit-2025?achievement=uh-kit-participant', list(name), 'text/csv');
    assert.equal(status, 200, text);
    assert.deepEqual(body.rows.map(row => row.outcome), Array(58).fill('existing'), name);
    assert.equal(new Set(body.rows.map(row => row.credential)).size, 58, name);
  }
}));

test('the workshop: who did not complete it, and what is missing', async () => {
  const {status, body, text} = await post('/v1/rosters/uh-kit-2025?dry_run=true', list('workshop-attendance.csv'), 'text/csv');
  assert.equal(status, 200, text);
  const wanted = outcomes('workshop').completion;
  const missed = body.rows.filter(row => row.outcome === 'not_met');
  assert.equal(body.rows.filter(row => row.outcome === 'existing').length, wanted.issued);
  assert.deepEqual(missed.map(row => row.ref), wanted.not_met.map(entry => entry.ref));
  for(const [n, {ref, sessions, exercise}] of wanted.not_met.entries()) {
    const {missing} = missed[n].open.find(entry => entry.achievement === 'uh-kit-completion');
    assert.deepEqual(missing.map(m => 'sessions_attended_gte' in m ? {sessions: Number(m.have)} : {exercise: m.have ?? 'missing'}), [
      ...(sessions < 3 ? [{sessions}] : []), ...(exercise === 'accepted' ? [] : [{exercise}])
    ], ref);
  }
});

// shape is what both forms of the figures have.
const shape = report => Object.fromEntries(Object.keys(figures().public).map(name => [name, report[name]]));

test('figures for everybody: nothing under five, and nothing that gives it away', async () => {
  const report = await figuresNow(null);
  assert.equal(report.form, 'public');
  assert.deepEqual(shape(report), figures().public);
  const ratio = Object.values(report.by_country).filter(n => n !== null);
  assert.deepEqual([report.total, report.countries, Object.keys(report.by_region).length, ratio], [58, 22, 6, [5]]);
  assert.equal('by_state' in report || 'by_month' in report, false);
});

test('figures for the staff are exact', async () => {
  const report = await figuresNow(token);
  assert.equal(report.form, 'exact');
  assert.deepEqual(shape(report), figures().official);
});

test('figures for a country are its own and no other', async () => {
  const made = await command(world.binary, ['token', 'create', '--data', data, '--issuer', '*', '--scope', 'stats', '--country', 'KE', '--label', 'Kenya']);
  assert.equal(made.code, 0, made.stderr);
  const kenya = made.stdout.trim();
  const report = await figuresNow(kenya);
  assert.deepEqual([report.total, report.by_country], [4, {KE: 4}]);
  assert.deepEqual(Object.keys(report.by_region), ['AFR']);
  assert.deepEqual(Object.keys((await figuresNow(kenya, '')).by_country), ['KE']);
  const other = await ask('/v1/statistics?country=PT', {as: kenya});
  assert.ok(other.status === 403 || other.status === 404, `${other.status} ${other.text}`);
});

test('figures as CSV say the same, and name nobody', async () => {
  for(const as of [null, token]) {
    const report = await figuresNow(as);
    const {status, text} = await ask('/v1/statistics?achievement=uh-kit-participant&edition=2025-1', {as, accept: 'text/csv'});
    assert.equal(status, 200);
    const [head, ...lines] = text.trim().split(/\r?\n/).map(line => line.split(','));
    assert.deepEqual(head, ['dimension', 'key', 'count']);
    const read = {};
    for(const [dimension, key, count] of lines) {
      const n = count === 'hidden' ? null : Number(count);
      if(key === '') {
        read[dimension] = n;
      } else {
        (read[dimension] ??= {})[key] = n;
      }
    }
    assert.deepEqual(shape(read), shape(report));
    for(const person of [/Participant/, /@/, /sha256/, ...all.map(entry => new RegExp(entry.id))]) {
      assert.doesNotMatch(text + JSON.stringify(report), person);
    }
  }
});

test('who was forgotten is gone everywhere', async () => {
  const {erased} = world.demo;
  assert.equal(erased.length, 2);
  for(const {id} of erased) {
    for(const form of ['', '.json', '.jwt', '.png', '.svg', '/qr.png', '/qr.svg']) {
      assert.equal((await ask(`/credentials/${id}${form}`, {as: null, accept: '*/*'})).status, 410, form);
    }
    const report = await ask(`/v/${id}`, {as: null});
    assert.deepEqual([report.status, report.body.code], [410, 'erased']);
    const page = await ask(`/v/${id}`, {as: null, accept: 'text/html'});
    assert.doesNotMatch(page.text, /hc20|Participant/);
    const record = await found(`/v1/credentials/${id}`);
    assert.equal(record.status, 'revoked');
    assert.doesNotMatch(JSON.stringify(record), /Participant|learner\.example|u-1020/);
  }
  assert.ok(all.filter(entry => state(entry) === 'active').length > 100);
});
