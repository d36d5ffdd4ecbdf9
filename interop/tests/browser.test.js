// The pages as people see them, in a real browser: on a phone and on a desk,
// left to right and right to left, with script and without.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {fits, launch, picture, screens, watched} from '../lib/chromium.js';
import {credential, world} from '../lib/world.js';

const pictures = join(world.artifacts, 'pages');
const languages = {en: 'ltr', ar: 'rtl'};
const {baseURL} = world.demo;
const badge = world.demo.badges.find(b => b.status === 'active' && b.achievement.startsWith('hc20'));

let browser;
const visit = (address, options) => watched(browser, baseURL, address, options);
before(async () => {
  mkdirSync(pictures, {recursive: true});
  browser = await launch();
});
after(() => browser?.close());

// verdictOf reads the verdict, which has to be seen without scrolling.
async function verdictOf(page, what) {
  const section = page.locator('section.verdict');
  assert.equal(await section.count(), 1, `${what}: no verdict`);
  const word = section.locator('#verdict .word');
  assert.ok(await word.isVisible(), what);
  const [box, window] = [await word.boundingBox(), page.viewportSize()];
  assert.ok(box.y >= 0 && box.y + box.height <= window.height && box.x >= 0 && box.x + box.width <= window.width,
    `${what}: the verdict is at ${JSON.stringify(box)}`);
  assert.ok((await word.innerText()).trim().length > 0, what);
  return (await section.getAttribute('class')).replace('verdict', '').trim();
}

const revoked = {...world.demo.revoked, expected: 'invalid'};
for(const shown of [{...badge, expected: 'valid'}, revoked]) {
  for(const [lang, dir] of Object.entries(languages)) {
    for(const screen of Object.keys(screens)) {
      const what = `${shown.expected}-${lang}-${screen}`;
      test(`a badge page: ${what}`, async () => {
        for(const [name, options] of Object.entries({light: {}, dark: {colorScheme: 'dark'}, 'no-script': {javaScriptEnabled: false}})) {
          const {page, faults, close} = await visit(`/v/${shown.id}?lang=${lang}`, {screen, ...options});
          assert.equal(await verdictOf(page, what), shown.expected);
          assert.deepEqual([await page.getAttribute('html', 'lang'), await page.getAttribute('html', 'dir')], [lang, dir]);
          await fits(page, what);
          assert.ok((await page.innerText('main')).includes(shown.recipient), `${what}: ${shown.recipient} is not shown`);
          await picture(page, {path: join(pictures, `badge-${what}-${name}-first-screen.png`)});
          if(name === 'light') {
            await picture(page, {path: join(pictures, `badge-${what}.png`), fullPage: true});
          }
          assert.deepEqual(faults, [], what);
          await close();
        }
      });
    }
  }
}

test('the address of the credential is a page for a browser', async () => {
  const {page, faults, close} = await visit(new URL(badge.credentialId).pathname);
  assert.equal(await verdictOf(page, badge.credentialId), 'valid');
  assert.deepEqual(faults, []);
  await close();
});

async function paste(text, lang, options) {
  const {page, faults, close} = await visit(`/?lang=${lang}`, options);
  await fits(page, 'home');
  await page.fill('#document', text);
  await picture(page, {path: join(pictures, `home-${lang}-${options.screen}.png`), fullPage: true});
  await Promise.all([page.waitForURL(url => url.pathname !== '/'), page.click('form.check button[type=submit]')]);
  const verdict = await verdictOf(page, 'pasted');
  await picture(page, {path: join(pictures, `pasted-${verdict}-${lang}-${options.screen}.png`), fullPage: true});
  assert.equal(await page.getAttribute('html', 'lang'), lang);
  assert.deepEqual(faults, []);
  await close();
  return verdict;
}

for(const [lang, options] of [['en', {screen: 'desk'}], ['ar', {screen: 'phone'}], ['en', {screen: 'phone', javaScriptEnabled: false}]]) {
  test(`paste a badge on the first page: ${lang} ${JSON.stringify(options)}`, async () => {
    const document = await credential(badge);
    assert.equal(await paste(JSON.stringify(document), lang, options), 'valid');
    document.credentialSubject.achievement.name += '!';
    assert.equal(await paste(JSON.stringify(document), lang, options), 'invalid');
  });
}

const others = {
  achievement: () => `/achievements/${badge.achievement}`,
  issuer: async () => {
    const {page, close} = await visit(`/achievements/${badge.achievement}`);
    const link = await page.locator('main a[href*="/issuers/"]').first().getAttribute('href');
    await close();
    return new URL(link, baseURL).pathname;
  },
  unknown: () => '/v/AAAAAAAAAAAAAAAAAAAAAA'
};

for(const [name, address] of Object.entries(others)) {
  test(`the page of: ${name}`, async () => {
    const path = await address();
    for(const [screen, lang] of [['phone', 'en'], ['desk', 'ar']]) {
      const {page, faults, close} = await visit(`${path}?lang=${lang}`, {screen});
      await fits(page, path);
      assert.ok(await page.locator('h1').first().isVisible());
      await picture(page, {path: join(pictures, `${name}-${lang}-${screen}.png`), fullPage: true});
      assert.deepEqual(name === 'unknown' ? faults.filter(f => !f.includes('404')) : faults, []);
      assert.equal(faults.length > 0, name === 'unknown', 'what is not found says so');
      await close();
    }
  });
}

test('a page can be printed on few sheets', async () => {
  const {page, close} = await visit(`/v/${badge.id}`, {screen: 'desk'});
  const pdf = await page.pdf({format: 'A4', path: join(pictures, 'badge-printed.pdf')});
  const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g).length;
  assert.ok(sheets >= 1 && sheets <= 6, `${sheets} sheets`);
  await close();
});
