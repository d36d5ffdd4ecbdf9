// The staff console as staff see it: a workshop is defined and nothing issued,
// and everything else is done in a real browser, without script.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {accessible} from '../lib/accessible.js';
import {fits, launch, picture, screens, watched} from '../lib/chromium.js';
import {command} from '../lib/laurel.js';
import * as start from '../lib/start.js';
import {root, world} from '../lib/world.js';

const pictures = join(world.artifacts, 'console');
const lists = name => join(root, 'programme', 'testdata', name);
const issuer = 'urban-health-learning';
const all = ['issue', 'read', 'revoke', 'roster', 'manage', 'stats'];

let browser, service, baseURL, data;

async function laurel(...args) {
  const {code, stdout, stderr} = await command(world.binary, [...args, '--data', data]);
  assert.equal(code, 0, `laurel ${args.join(' ')}: ${stderr}`);
  return stdout;
}

// define makes the workshop with all that can be earned there.
async function define() {
  const folder = join(data, 'definitions');
  mkdirSync(folder);
  const read = name => JSON.parse(readFileSync(join(root, 'cmd', 'laurel', 'demodata', name), 'utf8'));
  const {achievements} = read('achievements.json');
  writeFileSync(join(folder, 'achievements.json'), JSON.stringify({achievements: achievements.filter(a => a.slug.startsWith('uh-kit'))}));
  writeFileSync(join(folder, 'workshop.json'), JSON.stringify(read('workshop-uh-kit-2025.json')));
  await laurel('programme', 'load', folder);
}

const token = async (scopes, ...more) => (await laurel('token', 'create', '--issuer', issuer, '--scope', scopes.join(','), ...more)).trim();

before(async () => {
  mkdirSync(pictures, {recursive: true});
  const port = await start.freePort();
  baseURL = `http://127.0.0.1:${port}`;
  data = join(mkdtempSync(join(tmpdir(), 'laurel-console-')), 'data');
  await laurel('init', '--base-url', baseURL, '--issuer', issuer, '--name', 'Urban Health Learning');
  service = start.serve(world.binary, {data, log: join(world.artifacts, 'console.log'), flags: ['--listen', `127.0.0.1:${port}`]});
  await service.ready;
  await define();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  const code = await service?.stop();
  rmSync(join(data, '..'), {recursive: true, force: true});
  assert.equal(code ?? 0, 0, 'the service ends in order');
});

// signIn opens a browser at the console.
async function signIn(scopes = all, {lang = 'en', screen = 'desk', javaScriptEnabled = true} = {}) {
  const visit = await watched(browser, baseURL, `/console?lang=${lang}`, {screen, javaScriptEnabled});
  await visit.page.fill('#token', await token(scopes));
  await visit.page.click('form.panel button');
  assert.equal(new URL(visit.page.url()).pathname, '/console');
  return {...visit, go: path => visit.page.goto(`${baseURL}${path}${path.includes('?') ? '&' : '?'}lang=${lang}`)};
}

const rows = (page, id) => page.locator(`section[aria-labelledby=${id}] tbody tr`);
const tagged = (page, id, word) => rows(page, id).filter({has: page.locator('.tag', {hasText: new RegExp(`^${word}$`)})});

// preview chooses a file and looks at what it would do.
async function preview(staff, name, fill = {}) {
  await staff.go('/console/upload');
  await staff.page.setInputFiles('#file', lists(name));
  for(const [field, value] of Object.entries(fill)) {
    await staff.page.fill(`#${field}`, value);
  }
  await staff.page.click('form.panel button');
}

// serious leaves out what was broken off because somebody went on to the next
// page, or took a file; what a page lacks shows in what stands on it.
const serious = faults => faults.filter(f => !f.startsWith('failed: '));

const confirm = page => page.click('form[action^="/console/upload/confirm"] button');

test('a wrong token opens nothing, and says so beside the field', async () => {
  const {page, faults, close} = await watched(browser, baseURL, '/console', {screen: 'phone'});
  await page.fill('#token', 'lrl_nothing');
  await page.click('form.panel button');
  assert.match(await page.innerText('#token-error'), /no token/);
  assert.equal(await page.getAttribute('#token', 'aria-describedby'), 'token-error token-hint');
  assert.equal(await page.inputValue('#token'), '');
  await accessible(page, 'a wrong token');
  assert.deepEqual(serious(faults).filter(f => !f.includes('401')), []);
  assert.equal((await page.context().cookies()).length, 0);
  await close();
});

test('the list of the 58, without script: preview, confirm, result', async () => {
  const staff = await signIn(all, {javaScriptEnabled: false});
  const {page} = staff;
  await preview(staff, 'workshop-roster.csv');
  assert.equal(await rows(page, 'rows').count(), 58);
  assert.equal(await tagged(page, 'rows', 'Would be issued').count(), 58);
  await picture(page, {path: join(pictures, 'preview-en-desk.png'), fullPage: true});
  const beside = await page.context().newPage();
  await beside.goto(`${baseURL}/console/badges?lang=en`);
  assert.equal(await rows(beside, 'found').count(), 0, 'a preview issues nothing');
  await beside.close();
  await confirm(page);
  assert.equal(await tagged(page, 'rows', 'Issued').count(), 58);
  assert.equal(await rows(page, 'rows').locator('a[href*="/console/badges/"]').count(), 58);
  await picture(page, {path: join(pictures, 'result-en-desk.png'), fullPage: true});
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('form[action^="/console/upload/result"] button')]);
  const table = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  assert.equal(table.length, 59);
  assert.equal(table.slice(1).filter(line => line.includes(`${baseURL}/v/`)).length, 58);
  await staff.go('/console/statistics');
  assert.equal(await page.innerText('.fields dd >> nth=0'), '58');
  assert.ok(await page.locator('figure.chart rect').count() >= 1);
  assert.deepEqual(serious(staff.faults), []);
  await staff.close();
});

test('a list with mistakes: each with the number of its row, in words', async () => {
  for(const [lang, word] of [['en', 'Error'], ['ar', 'خطأ']]) {
    const staff = await signIn(all, {lang, screen: 'phone'});
    const {page} = staff;
    await preview(staff, 'workshop-roster-dirty.csv');
    const expected = JSON.parse(readFileSync(join(root, 'programme', 'testdata', 'expected', 'workshop-roster-dirty.json'), 'utf8'));
    const wanted = expected.rows.filter(row => row.outcome === 'error').map(row => String(row.row));
    assert.ok(wanted.length >= 5);
    assert.equal(await tagged(page, 'errors', word).count(), wanted.length);
    assert.deepEqual(await rows(page, 'errors').locator('td:first-child bdi').allInnerTexts(), wanted);
    for(const why of await rows(page, 'errors').locator('td:nth-child(4)').allInnerTexts()) {
      assert.ok(why.trim().length > 10, `a row without a reason: ${why}`);
      if(lang === 'ar') {
        assert.match(why, /[\u0621-\u064a]/);
      }
    }
    await fits(page, 'errors');
    await accessible(page, `errors in ${lang}`);
    await picture(page, {path: join(pictures, `errors-${lang}-phone.png`), fullPage: true});
    assert.deepEqual(serious(staff.faults), []);
    await staff.close();
  }
});

test('what waits for its release is released, once', async () => {
  const staff = await signIn();
  const {page} = staff;
  await preview(staff, 'workshop-attendance.csv');
  await confirm(page);
  await staff.go('/console');
  await page.click('text=wait for the release');
  await page.click('main a:has-text("Release …")');
  const before = Number(await page.locator('.fields dd').nth(1).innerText());
  assert.ok(before >= 45, `${before} wait`);
  await picture(page, {path: join(pictures, 'release-en-desk.png'), fullPage: true});
  await page.click('button.danger');
  assert.match(await page.innerText('.notice'), new RegExp(`${before} badges were issued`));
  await staff.go('/console/activities/uh-kit-2025');
  assert.equal(await page.locator('main a:has-text("Release …")').count(), 0);
  assert.deepEqual(serious(staff.faults), []);
  await staff.close();
});

test('with the keyboard alone: sign in, find a badge, revoke it, see it revoked', async () => {
  const {page, faults, close} = await watched(browser, baseURL, '/console?lang=en', {screen: 'desk', javaScriptEnabled: false});
  const tab = async wanted => {
    for(let n = 0; n < 60; n++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const e = document.activeElement;
        const box = e.getBoundingClientRect();
        const style = getComputedStyle(e);
        return {text: (e.innerText || '').trim(), id: e.id, seen: box.width > 0 && style.outlineStyle !== 'none'};
      });
      assert.ok(at.seen, `where the focus is cannot be seen: ${JSON.stringify(at)}`);
      if(at.id === wanted || at.text.includes(wanted)) {
        return;
      }
    }
    assert.fail(`the keyboard does not reach ${wanted}`);
  };
  const enter = () => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await tab('token');
  await page.keyboard.type(await token(all));
  await enter();
  await tab('Skip to the content');
  await tab('Badges');
  await enter();
  await tab('email');
  await page.keyboard.type('participant.31@roster.example');
  await enter();
  await tab('Participant 31');
  await enter();
  const id = new URL(page.url()).pathname.split('/').pop();
  await tab('Revoke …');
  await enter();
  await picture(page, {path: join(pictures, 'revoke-en-desk.png'), fullPage: true});
  await tab('Revoke for good');
  await enter();
  assert.match(await page.innerText('.notice.pass'), /revoked/);
  await picture(page, {path: join(pictures, 'badge-revoked-en-desk.png'), fullPage: true});
  assert.deepEqual(serious(faults), []);
  await page.goto(`${baseURL}/v/${id}?lang=en`);
  assert.match(await page.getAttribute('section.verdict', 'class'), /invalid/);
  await tabOut(page);
  await close();
});

// tabOut leaves nothing behind: who signs out is out.
async function tabOut(page) {
  await page.goto(`${baseURL}/console?lang=en`);
  await page.click('form.out button');
  assert.match(await page.innerText('.notice'), /signed out/);
  await page.goto(`${baseURL}/console/badges`);
  assert.match(new URL(page.url()).pathname, /sign-in/);
}

test('every page, in two languages, on a phone and on a desk', async () => {
  for(const lang of ['en', 'ar']) {
    const staff = await signIn(all, {lang});
    const {page} = staff;
    await staff.go('/console/badges?achievement=uh-kit-completion');
    const badge = new URL(await rows(page, 'found').first().locator('a').first().getAttribute('href'), baseURL).pathname;
    await staff.go('/console/uploads');
    const upload = new URL(await rows(page, 'all').first().locator('a').first().getAttribute('href'), baseURL).pathname;
    const paths = {overview: '/console', badges: '/console/badges', badge, revoke: `${badge}/revoke`, correct: `${badge}/reissue`, erase: `${badge}/personal-data`,
      upload: '/console/upload', uploads: '/console/uploads', list: upload, takeback: `${upload}/take-back`, activities: '/console/activities',
      activity: '/console/activities/uh-kit-2025', achievements: '/console/achievements', achievement: '/console/achievements/uh-kit-completion',
      reviews: '/console/reviews', statistics: '/console/statistics', webhooks: '/console/webhooks', log: '/console/log'};
    for(const [name, path] of Object.entries(paths)) {
      await staff.go(path);
      const what = `${name}-${lang}`;
      assert.deepEqual([await page.getAttribute('html', 'lang'), await page.getAttribute('html', 'dir')], [lang, lang === 'ar' ? 'rtl' : 'ltr'], what);
      for(const [screen, size] of Object.entries(screens)) {
        await page.setViewportSize(size);
        await fits(page, `${what}-${screen}`);
        await picture(page, {path: join(pictures, `${what}-${screen}.png`), fullPage: true});
      }
      await accessible(page, what);
    }
    assert.deepEqual(serious(staff.faults), []);
    await staff.close();
  }
});

test('a token that may little sees little', async () => {
  const staff = await signIn(['roster']);
  const {page} = staff;
  const menu = await page.locator('.staff nav a').allInnerTexts();
  assert.deepEqual(menu, ['Overview', 'Upload a list', 'Lists']);
  assert.deepEqual(serious(staff.faults), []);
  const answer = await staff.go('/console/badges');
  assert.equal(answer.status(), 403);
  await accessible(page, 'not allowed');
  await staff.close();
});

// Of the steps that a page begins with the last one is seen, and none once what came
// of the work stands below them.
test('a long list tells how far it is', async () => {
  const staff = await signIn();
  const {page} = staff;
  const list = join(data, 'long.csv');
  writeFileSync(list, 'ref,name,email\n' + Array.from({length: 600}, (_, n) => `L-${n},Person ${n},person.${n}@long.example\n`).join(''));
  await staff.go('/console/upload');
  await page.setInputFiles('#file', list);
  await page.click('form.panel button');
  await page.waitForSelector('footer.site'); // the page begins before it is whole
  assert.equal(await tagged(page, 'rows', 'Would be issued').count(), 600);
  assert.deepEqual(await page.locator('.step').allTextContents(), ['250 of 600 rows looked at ', '500 of 600 rows looked at ']);
  assert.equal(await page.locator('.step:visible').count(), 0, 'steps of work that is done');
  await page.evaluate(() => document.querySelectorAll('.top, .top ~ *').forEach(e => e.remove()));
  assert.deepEqual(await page.locator('.step:visible').allInnerTexts(), ['500 of 600 rows looked at']);
  await accessible(page, 'a list that is being looked at');
  await picture(page, {path: join(pictures, 'working-en-desk.png'), fullPage: true});
  assert.deepEqual(serious(staff.faults), []);
  await staff.close();
});
