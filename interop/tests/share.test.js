// How a badge is passed on, and kept back, in a real browser: its holder's page
// without script, frames of other sites, what LinkedIn is told, and the letter
// to who has lost the links.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {createServer as createSMTP} from 'node:net';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {accessible} from '../lib/accessible.js';
import {fits, launch, picture, screens, watched} from '../lib/chromium.js';
import {call, command} from '../lib/laurel.js';
import * as start from '../lib/start.js';
import {get, world} from '../lib/world.js';

const pictures = join(world.artifacts, 'share');
const languages = ['ar', 'en', 'es', 'fr', 'ru', 'zh'];
const {baseURL, token} = world.demo;
const title = 'Clean water & “more”';

let browser, site;
const made = {};
const ends = [];

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return server.address().port;
}

// make issues badges of our own, since others look at those of the story, and
// finds their claim links as staff do.
async function make() {
  const {issuer} = await call(baseURL, token, 'GET', '/v1/achievements/hc20-achievement');
  await call(baseURL, token, 'PUT', '/v1/achievements/share', {issuer, inLanguage: 'en', name: {en: title, ar: 'ماء نقي للجميع'},
    description: {en: 'Keeps a well clean.'}, criteria: {en: 'Keep a well clean for a year.'}});
  for(const [name, validUntil] of [['shared', '2099-12-31'], ['revoked'], ['shown']]) {
    const {id} = await call(baseURL, token, 'POST', '/v1/credentials', {achievement: 'share', awardedAt: '2025-07-11', ...(validUntil && {validUntil}),
      recipient: {name: 'Ana Example', email: `ana.${name}@learner.example`, externalId: `share-${name}`}});
    made[name] = await call(baseURL, token, 'GET', `/v1/credentials/${id}`);
  }
  await call(baseURL, token, 'POST', `/v1/credentials/${made.revoked.id}/revoke`, {reason: 'issued_in_error'});
}

// another makes a site of another origin, whose page has the markup that its
// address names.
async function another() {
  const server = createServer((request, response) => {
    const frame = new URL(request.url, 'http://localhost').searchParams.get('frame');
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>Another site</title><link rel="icon" href="data:,"><main><h1>Another site</h1>${frame}</main></html>`);
  });
  site = `http://localhost:${await listening(server)}`;
}

before(async () => {
  mkdirSync(pictures, {recursive: true});
  await Promise.all([make(), another()]);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for(const end of ends.reverse()) {
    await end();
  }
});

const claimOf = badge => new URL(badge.claimUrl).pathname;
const shot = (page, name) => picture(page, {path: join(pictures, `${name}.png`), fullPage: true});
const status = async path => (await fetch(baseURL + path, {headers: {Accept: 'text/html'}})).status;
const plain = text => text.replace(/[\u2066-\u2069\u200e\u200f]/g, '').replace(/\s+/g, ' ');

// submit sends a form and waits for the page that answers.
const submit = (page, form) => Promise.all([page.waitForEvent('load'), page.click(`${form} button`)]);

test('the holder hides a badge and shows it again, without script', async () => {
  const badge = made.shared, unknown = '/credentials/AAAAAAAAAAAAAAAAAAAAAA';
  const body = async path => (await fetch(`${baseURL}${path}?lang=en`, {headers: {Accept: 'text/html'}})).text();
  for(const lang of ['en', 'ar']) {
    const {page, faults, close} = await watched(browser, baseURL, `${claimOf(badge)}?lang=${lang}`, {javaScriptEnabled: false});
    assert.equal(await status(`/credentials/${badge.id}`), 200);
    assert.equal(await page.locator('form[action*="/show"]').count(), 0);
    await submit(page, 'form[action*="/hide"]');
    assert.equal(page.url(), `${baseURL}${claimOf(badge)}?lang=${lang}`, 'the page anew, in its language');
    assert.equal(await page.locator('form[action*="/hide"], .sharing').count(), 0, 'what is hidden is not passed on');
    assert.doesNotMatch(await page.content(), new RegExp(`/credentials/${badge.id}`));
    for(const path of ['', '.json', '.png', '.pdf', '/embed', '/preview.png', '/card']) {
      assert.equal(await status(`/credentials/${badge.id}${path}`), 404, path);
    }
    assert.equal(await body(`/credentials/${badge.id}`), await body(unknown), 'as an id that never was');
    await shot(page, `hidden-${lang}-phone`);
    await submit(page, 'form[action*="/show"]');
    assert.equal(await page.locator('form[action*="/hide"]').count(), 1);
    assert.equal(await status(`/credentials/${badge.id}`), 200);
    assert.deepEqual(await page.context().cookies(), []);
    assert.deepEqual(faults, []);
    await close();
  }
});

for(const lang of languages) {
  test(`the holder's page: ${lang}`, async () => {
    const closely = lang === 'en' || lang === 'ar';
    for(const [name, screen] of [['shown', 'phone'], ...(closely ? [['shown', 'desk'], ['revoked', 'phone']] : [])]) {
      const {page, faults, close} = await watched(browser, baseURL, `${claimOf(made[name])}?lang=${lang}`, {screen});
      const what = `claim-${name}-${lang}-${screen}`;
      const good = name === 'shown';
      assert.equal(await page.locator(`section.verdict.${good ? 'valid' : 'invalid'}`).count(), 1, what);
      assert.equal(await page.locator('.sharing').count(), good ? 1 : 0, what);
      assert.equal(await page.locator('.copies a[href*=".pdf"]').count(), good ? 1 : 0, what);
      await page.evaluate(() => document.querySelectorAll('details:not(.langs)').forEach(d => { d.open = true; }));
      await fits(page, what);
      if(closely) {
        await accessible(page, what);
        await shot(page, what);
      }
      assert.deepEqual(faults, [], what);
      await close();
    }
  });
}

test('each file that the holder is offered can be fetched', async () => {
  const {page, faults, close} = await watched(browser, baseURL, `${claimOf(made.shown)}?lang=ar`);
  const kinds = [];
  for(const address of await page.locator('.copies a').evaluateAll(links => links.map(a => a.href))) {
    const answer = await get(address);
    assert.ok((await answer.arrayBuffer()).byteLength > 500, address);
    kinds.push(answer.headers.get('content-type').split(';')[0]);
  }
  assert.deepEqual(kinds, ['application/vc', 'image/png', 'image/svg+xml', 'application/pdf']);
  assert.deepEqual(faults, []);
  await close();
});

test('the link for LinkedIn says what the fields beside it say', async () => {
  const {linkedinOrganizationId: number} = await call(baseURL, token, 'GET', `/v1/issuers/${(await call(baseURL, token, 'GET', '/v1/achievements/share')).issuer}`);
  for(const name of ['shared', 'shown']) {
    const badge = made[name];
    const {page, faults, close} = await watched(browser, baseURL, `${claimOf(badge)}?lang=en`, {javaScriptEnabled: false});
    await page.click('.sharing summary >> nth=0');
    const field = id => page.inputValue(`#share-${id}`);
    const link = new URL(await page.locator('.sharing a[href*="profile/add"]').getAttribute('href'));
    assert.equal(link.origin + link.pathname, 'https://www.linkedin.com/profile/add');
    assert.doesNotMatch(link.search, /\+/, 'no blank that is written as +');
    const told = Object.fromEntries(link.searchParams);
    const organization = number ? {organizationId: number} : {organizationName: await field('issuer')};
    const end = name === 'shared' ? {expirationYear: '2099', expirationMonth: '12'} : {};
    assert.deepEqual(told, {startTask: 'CERTIFICATION_NAME', name: title, ...organization, issueYear: '2025', issueMonth: '7', ...end, certUrl: badge.verifyUrl, certId: badge.id});
    assert.deepEqual(await Promise.all(['name', 'issued', 'expires', 'id', 'url', 'link'].map(field)),
      [title, '2025-07', name === 'shared' ? '2099-12' : 'none', badge.id, badge.verifyUrl, badge.credentialId]);
    for(const input of await page.locator('.sharing :is(input, textarea)').all()) {
      assert.equal(await input.getAttribute('readonly'), '');
      assert.equal(await input.isDisabled(), false, 'what cannot be reached cannot be copied');
    }
    await page.focus('#share-name');
    await page.keyboard.press('Control+A');
    assert.equal(await page.evaluate(() => { const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd); }), title);
    assert.deepEqual(faults, []);
    await close();
  }
});

// framing opens the page of another site with some markup in it.
async function framing(markup) {
  const context = await browser.newContext({viewport: {width: 420, height: 700}});
  const page = await context.newPage();
  const requests = [], said = [];
  page.on('request', request => requests.push(request.url()));
  page.on('console', message => said.push(message.text()));
  await page.goto(`${site}/?frame=${encodeURIComponent(markup)}`);
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  await frame.waitForURL(url => url.href !== 'about:blank'); // a lazy frame comes after the page
  return {page, frame, requests, said, close: () => context.close()};
}

const oembed = async address => (await get(`${baseURL}/oembed?format=json&url=${encodeURIComponent(address)}`)).json();

test('other sites are told the markup of a frame, and it works there', async () => {
  const shown = await watched(browser, baseURL, `/v/${made.shown.id}?lang=en`);
  const named = await shown.page.getAttribute('link[type="application/json+oembed"]', 'href');
  assert.deepEqual(shown.faults, []);
  await shown.close();
  const told = await (await get(named)).json();
  assert.deepEqual(told, await oembed(made.shown.credentialId));
  const {html, author_name: author, ...rest} = told;
  assert.deepEqual(rest, {version: '1.0', type: 'rich', title, provider_name: 'Laurel', provider_url: baseURL, width: 360, height: 180});
  assert.ok(author.length > 0);
  const {page, frame, requests, said, close} = await framing(html);
  assert.equal(frame.url(), `${made.shown.credentialId}/embed`);
  assert.ok(await frame.locator('main.verdict.valid img').evaluate(img => img.decode().then(() => img.naturalWidth > 0)), 'its picture is there');
  assert.match(plain(await frame.innerText('main')), /^Valid\. Ana Example was awarded “Clean water & “more”” by/);
  assert.equal(await page.getAttribute('iframe', 'title'), title);
  const [whole] = await Promise.all([page.context().waitForEvent('page'), frame.click('a')]);
  await whole.waitForLoadState();
  assert.equal(new URL(whole.url()).pathname, `/credentials/${made.shown.id}`);
  assert.equal(await whole.evaluate(() => opener), null);
  assert.deepEqual(requests.filter(url => !url.startsWith(baseURL) && !url.startsWith(site) && !url.startsWith('data:')), []);
  assert.deepEqual(said, []);
  await picture(page, {path: join(pictures, 'frame.png')});
  await close();
});

test('a frame of a badge that was revoked says so, without its picture', async () => {
  const told = await oembed(made.revoked.credentialId);
  assert.match(told.title, /^Revoked/);
  const {frame, close} = await framing(told.html);
  assert.equal(await frame.locator('main.verdict.invalid').count(), 1);
  assert.equal(await frame.locator('img').count(), 0);
  await close();
});

test('nothing but that view can be framed', async () => {
  for(const path of [`/credentials/${made.shown.id}`, `/v/${made.shown.id}`, claimOf(made.shown), '/', '/verify']) {
    const {frame, said, close} = await framing(`<iframe src="${baseURL}${path}" width="360" height="180" title="A badge"></iframe>`);
    assert.equal(await frame.evaluate(() => document.querySelectorAll('main, form').length).catch(() => 0), 0, path);
    assert.ok(said.some(text => text.includes('frame-ancestors')), `${path}: ${said}`);
    await close();
  }
});

for(const lang of languages) {
  test(`the view for frames: ${lang}`, async () => {
    for(const name of ['shown', 'revoked']) {
      for(const colorScheme of lang === 'ar' ? ['light', 'dark'] : ['light']) {
        const context = await browser.newContext({viewport: {width: 360, height: 180}, colorScheme});
        const page = await context.newPage();
        await page.goto(`${made[name].credentialId}/embed?lang=${lang}`);
        const what = `embed-${name}-${lang}-${colorScheme}`;
        await picture(page, {path: join(pictures, `${what}.png`)});
        await fits(page, what);
        const high = await page.evaluate(() => document.documentElement.scrollHeight);
        assert.ok(high <= 180, `${what}: ${high} pixels in a frame of 180`);
        if(lang === 'en' || lang === 'ar') {
          await accessible(page, what);
        }
        await context.close();
      }
    }
  });
}

// postbox is a mail server that keeps the letters it is given.
async function postbox() {
  const letters = [];
  const port = await listening(createSMTP(socket => {
    let data, rest = '';
    socket.on('error', () => {});
    socket.write('220 mail.example\r\n');
    socket.on('data', chunk => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop();
      for(const line of lines) {
        if(data && line === '.') {
          letters.push(data.join('\n'));
          data = undefined;
        } else if(data) {
          data.push(line);
          continue;
        } else if(line === 'DATA') {
          data = [];
        }
        socket.write(data ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 yes\r\n');
      }
    });
  }));
  return {port, letters};
}

// posting starts a service that sends mail, with one badge in it.
async function posting(mail) {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-share-'));
  ends.push(() => rmSync(folder, {recursive: true, force: true}));
  const data = join(folder, 'data'), port = await listening(createServer());
  await ends.pop()();
  const address = `http://127.0.0.1:${port}`;
  const laurel = async (...args) => {
    const {code, stdout, stderr} = await command(world.binary, [...args, '--data', data]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await laurel('init', '--base-url', address, '--issuer', 'wells', '--name', 'Example Wells');
  const service = start.serve(world.binary, {data, log: join(world.artifacts, 'share.log'), flags: ['--listen', `127.0.0.1:${port}`,
    '--smtp', `smtp://127.0.0.1:${mail}`, '--mail-from', 'Example Wells <badges@wells.example>']});
  ends.push(async () => assert.equal(await service.stop(), 0, 'the service ends in order'));
  await service.ready;
  const staff = await laurel('token', 'create', '--issuer', 'wells', '--scope', 'issue,manage,read');
  await call(address, staff, 'PUT', '/v1/achievements/wells', {issuer: 'wells', inLanguage: 'en', name: {en: title}, description: {en: 'Keeps a well clean.'}, criteria: {en: 'Keep it clean.'}});
  const badge = await call(address, staff, 'POST', '/v1/credentials', {achievement: 'wells', awardedAt: '2025-07-11', recipient: {name: 'Ana Example', email: 'ana@learner.example'}});
  return {address, badge};
}

const until = async (what, limit = 180_000) => {
  for(const began = Date.now(); !what(); await new Promise(resolve => setTimeout(resolve, 100))) {
    assert.ok(Date.now() - began < limit, 'nothing came');
  }
};

test('who has lost the links asks for them, and finds the badge by the letter', async () => {
  const {port, letters} = await postbox();
  const {address, badge} = await posting(port);
  const answers = {};
  for(const lang of ['en', 'ar']) {
    for(const [who, screen] of [['nobody', 'desk'], ['ana', 'phone']]) {
      const {page, faults, close} = await watched(browser, address, `/?lang=${lang}`, {screen});
      await Promise.all([page.waitForURL('**/lost?*'), page.click('footer a[href*="/lost"]')]);
      await fits(page, `lost ${lang}`);
      await accessible(page, `lost ${lang}`);
      await shot(page, `lost-${lang}-${screen}`);
      await page.fill('#email', `${who}@learner.example`);
      await submit(page, 'main form');
      await accessible(page, `lost, sent, ${lang}`);
      await shot(page, `sent-${lang}-${screen}`);
      answers[`${who} ${lang}`] = plain(await page.innerText('main'));
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      assert.deepEqual(faults, []);
      await close();
    }
    assert.equal(answers[`nobody ${lang}`], answers[`ana ${lang}`], 'it does not tell who is known');
  }
  await until(() => letters.length === 2);
  const text = letters[0].replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  assert.ok(letters.every(letter => /^To: .*ana@learner\.example/m.test(letter)), 'nobody else was written to');
  const [claim] = text.match(/http:\/\/127\.0\.0\.1:\d+\/c\/[\w.~-]+/);
  assert.equal(claim, badge.claimUrl);
  const {page, faults, close} = await watched(browser, address, new URL(claim).pathname);
  assert.equal(await page.locator('form[action*="/hide"]').count(), 1);
  assert.deepEqual(faults, []);
  await close();
});
