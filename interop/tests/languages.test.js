// The faces in every language: nothing visible is left in English, names are set
// apart, and the language and its direction are told.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {launch, picture, watched} from '../lib/chromium.js';
import {credential, world} from '../lib/world.js';

const pictures = join(world.artifacts, 'languages');
const {baseURL, badges, revoked} = world.demo;
const languages = {ar: 'rtl', es: 'ltr', fr: 'ltr', ru: 'ltr', zh: 'ltr'};

let browser;
before(async () => {
  mkdirSync(pictures, {recursive: true});
  browser = await launch();
});
after(() => browser?.close());

const learner = n => badges.find(b => b.achievement === 'hc20-participation' && new RegExp(`\\b${n}$`).test(b.recipient))
  ?? badges.find(b => b.achievement.startsWith('hc20') && b.recipient.endsWith(n));

// texts are what a person can see or is told in the page's own language: not the
// names and texts of others, which stand in bdi or have a language of their own,
// nor what is to be copied.
const texts = page => page.evaluate(() => {
  const found = [];
  const foreign = node => node.parentElement.closest('bdi, code, textarea, svg, script, style, title, body [lang]');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while(walker.nextNode()) {
    const text = walker.currentNode.data.replace(/\s+/g, ' ').trim();
    if(/\p{L}/u.test(text) && !foreign(walker.currentNode)) {
      found.push(text);
    }
  }
  for(const element of document.body.querySelectorAll('[alt], [aria-label], [placeholder]')) {
    for(const name of ['alt', 'aria-label', 'placeholder']) {
      const text = element.getAttribute(name);
      if(text && /\p{L}/u.test(text) && !element.closest('bdi, body [lang]')) {
        found.push(text);
      }
    }
  }
  return found;
});

// shared are words that a language has in common with English.
const shared = {
  '*': ['Laurel'],
  es: ['No'],
  fr: ['Format', 'Structure', 'Signature', 'Dates', 'Suspension', 'Description', 'Version', 'Code', 'Genre']
};

const learned = {};
async function english(address) {
  learned[address] ??= (async () => {
    const {page, close} = await watched(browser, baseURL, address('en'), {screen: 'desk'});
    const all = await texts(page);
    await close();
    assert.ok(all.length > 3, `${address('en')}: ${all}`);
    return all;
  })();
  return learned[address];
}

const at = path => lang => `${path}${path.includes('?') ? '&' : '?'}lang=${lang}`;
const faces = {
  start: at('/'), valid: at(`/v/${learner('01').id}`), revoked: at(`/v/${revoked.id}`), unknown: at('/v/AAAAAAAAAAAAAAAAAAAAAA'),
  achievement: at('/achievements/hc20-achievement'), issuer: at('/issuers/urban-health-learning'),
  problem: at(`/v/${learner('01').id}?edition=x`)
};

for(const [state, address] of Object.entries(faces)) {
  for(const [lang, dir] of Object.entries(languages)) {
    test(`nothing is left in English: ${state} ${lang}`, async () => {
      const left = await english(address);
      const {page, close} = await watched(browser, baseURL, address(lang), {screen: 'phone'});
      assert.deepEqual([await page.getAttribute('html', 'lang'), await page.getAttribute('html', 'dir')], [lang, dir]);
      const allowed = new Set([...shared['*'], ...shared[lang] ?? []]);
      assert.deepEqual((await texts(page)).filter(text => left.includes(text) && !allowed.has(text)), [], `${state} in ${lang}`);
      await picture(page, {path: join(pictures, `${state}-${lang}.png`), fullPage: true});
      await close();
    });
  }
}

test('the holder compared, in every language', async () => {
  const badge = learner('01');
  const answers = new Set();
  for(const lang of ['en', ...Object.keys(languages)]) {
    const {page, close} = await watched(browser, baseURL, `/v/${badge.id}?lang=${lang}`);
    await page.fill('#identifier', 'nobody@learner.example');
    await Promise.all([page.waitForLoadState('load'), page.click('form[action$="match"] button[type=submit], form:has(#identifier) button[type=submit]')]);
    await page.waitForSelector('html');
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    const said = (await texts(page)).join('\n');
    assert.ok(said.length > 0);
    answers.add(said);
    await close();
  }
  assert.equal(answers.size, 6, 'each language says it in its own words');
});

// A badge is signed in one language; its translations are shown as such.
const notes = {
  fr: /Traduction pour information\s?; le texte signé est en anglais\./,
  ar: /ترجمة للعلم؛ النص الموقَّع باللغة الإنجليزية\./,
  zh: /译文仅供参考；签名文本的语言为英语。/,
  ru: /Перевод для сведения; подписан текст на языке: английский\./
};
const readers = {'01': ['fr', 'fr-CA,fr;q=0.9'], '11': ['ar', 'ar-EG'], '18': ['zh', 'zh-Hant-HK, en;q=0.5'], '19': ['ru', 'ru-KZ, en;q=0.1']};

for(const [number, [lang, accept]] of Object.entries(readers)) {
  test(`learner ${number} shares the link, and it is read in ${lang}`, async () => {
    const badge = learner(number);
    const context = await browser.newContext({extraHTTPHeaders: {'Accept-Language': accept}});
    const page = await context.newPage();
    await page.goto(`${baseURL}/v/${badge.id}`);
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    const signed = (await credential(badge)).credentialSubject.achievement;
    assert.equal(typeof signed.name, 'string', 'one language is signed');
    assert.equal(signed.inLanguage, 'en');
    const aside = page.locator('aside.translation');
    assert.equal(await aside.count(), 1);
    assert.match((await aside.innerText()).replace(/[\u202f\u00a0]/g, ' '), notes[lang]);
    const translated = (await aside.locator('.title').first().innerText()).trim();
    assert.notEqual(translated, signed.name);
    assert.ok((await page.innerText('main')).includes(signed.name), 'the signed name is shown too');
    const holder = page.locator('bdi', {hasText: badge.recipient});
    assert.ok(await holder.count() > 0, `${badge.recipient} is not set apart`);
    await picture(page, {path: join(pictures, `learner-${number}.png`), fullPage: true});
    await context.close();
  });
}

test('a language that there is none of says nothing and fails nowhere', async () => {
  const badge = learner('01'); // learner 20, who reads Portuguese, has earned nothing
  for(const [path, accept] of [['', 'pt-BR, pt;q=0.9'], ['?lang=xx', 'pt'], ['?lang=pt', 'xx'], ['?lang=%3Cscript%3E', '']]) {
    const answer = await fetch(`${baseURL}/v/${badge.id}${path}`, {headers: {Accept: 'text/html', 'Accept-Language': accept}});
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-language'), 'en');
    assert.match(answer.headers.get('vary'), /Accept-Language/);
    const page = await answer.text();
    assert.match(page, /<html lang="en" dir="ltr">/);
    assert.doesNotMatch(page, /class="translation"|lang=xx|<script>/);
  }
});

test('problems for programs are in the reader’s language too', async () => {
  const ask = async accept => {
    const answer = await fetch(`${baseURL}/v1/credentials`, {headers: {Accept: 'application/json', 'Accept-Language': accept}});
    return {language: answer.headers.get('content-language'), ...await answer.json()};
  };
  const plain = await ask('en');
  for(const lang of Object.keys(languages)) {
    const told = await ask(lang);
    assert.deepEqual([told.language, told.code, told.status, told.type, told.english], [lang, plain.code, plain.status, plain.type, plain.detail]);
    assert.notEqual(told.detail, plain.detail);
    assert.notEqual(told.title, plain.title);
  }
});
