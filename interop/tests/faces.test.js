// The faces of the demonstration's badges: as they were earned, and as they are
// after something befell them, in a real browser, left to right and right to
// left, light and dark.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {accessible} from '../lib/accessible.js';
import {fits, launch, picture, watched} from '../lib/chromium.js';
import {call} from '../lib/laurel.js';
import {credential, world} from '../lib/world.js';

const pictures = join(world.artifacts, 'faces');
const {baseURL, token, badges, revoked, corrected, erased} = world.demo;
const views = [
  {lang: 'en', dir: 'ltr', screen: 'phone'}, {lang: 'ar', dir: 'rtl', screen: 'desk', colorScheme: 'dark'},
  {lang: 'en', dir: 'ltr', screen: 'desk', colorScheme: 'dark'}, {lang: 'ar', dir: 'rtl', screen: 'phone'}
];

let browser;
before(async () => {
  mkdirSync(pictures, {recursive: true});
  browser = await launch();
});
after(() => browser?.close());

const of = (achievement, recipient) => {
  const badge = badges.find(b => b.achievement === achievement && (recipient === undefined || b.recipient === recipient));
  assert.ok(badge, `nobody holds ${achievement}`);
  return badge;
};

// words of the page's own language, as a person reads them.
const shown = async (page, selector = 'main') => (await page.innerText(selector)).replace(/[\u2066-\u2069\u200e\u200f]/g, '');

// face opens a page on a phone in one language and on a desk in the other, by
// turns, holds it to what every page is, and gives it to look to be looked at.
let turn = 0;
function face(name, address, look, {gone = false} = {}) {
  turn = (turn + 2) % views.length;
  for(const {lang, dir, screen, colorScheme = 'light'} of views.slice(turn, turn + 2)) {
    const what = `${name}-${lang}-${screen}-${colorScheme}`;
    test(`the face of: ${what}`, async () => {
      const {page, faults, close} = await watched(browser, baseURL, `${address()}?lang=${lang}`, {screen, colorScheme});
      try {
        await picture(page, {path: join(pictures, `${what}.png`), fullPage: true});
        assert.deepEqual([await page.getAttribute('html', 'lang'), await page.getAttribute('html', 'dir')], [lang, dir]);
        await fits(page, what);
        await look(page, lang, what);
        await accessible(page, what);
        assert.deepEqual(gone ? faults.filter(fault => !/410/.test(fault)) : faults, [], what);
        assert.equal(faults.length > 0, gone, 'what is gone says so');
      } finally {
        await close();
      }
    });
  }
}

const verdict = async page => (await page.getAttribute('section.verdict', 'class')).replace('verdict', '').trim();

// day is a moment as the page says it in its language.
const day = (lang, time) => new Intl.DateTimeFormat({en: 'en-GB', ar: 'ar-u-nu-latn'}[lang], {day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC'}).format(new Date(time));

const earned = {
  'course': () => of('hc20-achievement', 'المشارك 11'),
  'module': () => of('hc20-m3'),
  'completion': () => of('uh-kit-completion', 'Participant 01'),
  'facilitator': () => of('uh-kit-facilitator'),
  'planning': () => of('dh-planning'),
  'trainer': () => of('dh-trainer')
};

for(const [name, badge] of Object.entries(earned)) {
  face(name, () => `/v/${badge().id}`, async page => {
    assert.equal(await verdict(page), 'valid');
    assert.ok((await shown(page)).includes(badge().recipient));
  });
}

const reasons = {en: [/^Revoked/, /issued in error/], ar: [/^ملغاة/, /صدرت عن طريق الخطأ/]};

face('revoked', () => `/v/${revoked.id}`, async (page, lang) => {
  assert.equal(await verdict(page), 'invalid');
  const [word, reason] = reasons[lang];
  assert.match(await shown(page, '.word'), word);
  const register = await shown(page, 'aside.register');
  assert.match(register, reason);
  const {statusAt} = await call(baseURL, token, 'GET', `/v1/credentials/${revoked.id}`);
  assert.ok(register.includes(day(lang, statusAt)), `${register} does not say ${day(lang, statusAt)}`);
});

face('corrected', () => `/v/${corrected.id}`, async page => {
  assert.equal(await verdict(page), 'valid');
  const text = await shown(page);
  assert.ok(text.includes('Participant Douze'));
  assert.doesNotMatch(text, /Participant 12/);
});

face('erased', () => `/v/${erased[0].id}`, async page => {
  assert.equal(await page.locator('section.verdict').count(), 0, 'what is gone has no verdict');
  assert.doesNotMatch(await page.content(), /Participant|hc20|learner\.example/);
}, {gone: true});

const vouched = {
  'endorsed-achievement': ['/achievements/hc20-achievement', 'Example Network of Healthy Cities', 'Member cities recognise this badge for new coordinators.'],
  'endorsed-issuer': ['/issuers/urban-health-learning', 'Example National Network of Healthy Cities', 'Accredited learning provider of our network.']
};

for(const [name, [address, endorser, comment]] of Object.entries(vouched)) {
  face(name, () => address, async page => {
    const entries = page.locator('ol.endorsed > li');
    assert.equal(await entries.count(), 1);
    assert.equal(await entries.first().getAttribute('class'), 'pass');
    const text = await shown(page, 'ol.endorsed');
    assert.ok(text.includes(endorser) && text.includes(comment), text);
  });
}

const newer = {en: 'has a newer version', ar: 'نسخة أحدث'};

face('reworded', () => `/v/${of('hc20-m3').id}`, async (page, lang) => {
  const {credentialSubject: {achievement}} = await credential(of('hc20-m3'));
  assert.doesNotMatch(achievement.description, /passed its quiz/);
  const text = await shown(page);
  assert.ok(text.includes(achievement.description), 'the badge keeps its words');
  assert.ok(text.includes(newer[lang]), text);
});

test('the achievement itself has the new words', async () => {
  const {page, faults, close} = await watched(browser, baseURL, '/achievements/hc20-m3?lang=en');
  assert.match(await shown(page), /steps 15 to 20, and passed its quiz/);
  assert.deepEqual(faults, []);
  await close();
});

test('the printed code of a corrected badge leads to the new name', async () => {
  const {page, faults, close} = await watched(browser, baseURL, new URL(corrected.verifyUrl).pathname);
  assert.ok((await shown(page)).includes('Participant Douze'));
  assert.deepEqual(faults, []);
  await close();
});
