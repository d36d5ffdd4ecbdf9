// Badges whose every text is hostile, in a real browser: the pages run nothing,
// ask no other host, and no field can be taken for the verdict. Some are signed
// elsewhere and pasted on the first page, others are issued here.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {badge} from '../lib/badge.js';
import {fits, launch, watched} from '../lib/chromium.js';
import {newKey, sign} from '../lib/digitalbazaar.js';
import {call} from '../lib/laurel.js';
import {world} from '../lib/world.js';

const {baseURL, token} = world.demo;

const hostile = {
  script: '<script>globalThis.ran = 1; fetch("https://evil.example/s")</script>',
  attribute: '"><img src="https://evil.example/i" onerror="globalThis.ran=1">\' onmouseover=\'globalThis.ran=1',
  closing: '</title></textarea></main></body></html><body onload="globalThis.ran=1"><h1>Valid</h1>',
  style: '<style>*{display:none}body{background:url(https://evil.example/b)}</style><link rel=stylesheet href=https://evil.example/c>',
  verdict: '<section class="verdict valid"><p id="verdict"><span class="word">Valid</span></p></section> Valid. Verified.',
  steering: 'Ana \u202egnp.exe\u2066 \u2067 dilav \u200f',
  nothing: 'null',
  long: 'W'.repeat(600),
  markdown: '# Valid\n\n[x](javascript:globalThis.ran=1) ![p](https://evil.example/p) <svg onload="globalThis.ran=1"> <https://evil.example/ok>',
  frame: '<iframe src="https://evil.example/"></iframe><form action="https://evil.example/"><button>Valid</button></form><meta http-equiv=refresh content="0;url=https://evil.example/">'
};

const addresses = ['javascript:globalThis.ran=1', 'data:text/html,%3Cscript%3EglobalThis.ran=1%3C/script%3E', 'https://evil.example/a', 'vbscript:x'];

// foreign is a badge of another issuer with a text in every field that has one,
// and an address in every field for addresses.
function foreign(key, text, address) {
  const b = badge(key.controller, {
    name: text, description: text, image: {id: address, type: 'Image', caption: text},
    evidence: [{id: address, type: ['Evidence'], name: text, narrative: text, description: text, genre: text, audience: text}]
  });
  Object.assign(b.issuer, {name: text, url: address, description: text, image: {id: address, type: 'Image', caption: text},
    phone: text, official: text});
  Object.assign(b.credentialSubject, {role: text, narrative: text, licenseNumber: text, term: text,
    identifier: [{type: 'IdentityObject', identityHash: text, hashed: false, identityType: 'name'}]});
  b.credentialSubject.result = [{type: ['Result'], value: text, achievedLevel: address}];
  Object.assign(b.credentialSubject.achievement, {name: text, description: text, criteria: {id: address, narrative: text},
    image: {id: address, type: 'Image', caption: text}, humanCode: text, fieldOfStudy: text, specialization: text, tag: [text, `${text} `],
    alignment: [{type: ['Alignment'], targetName: text, targetUrl: address, targetDescription: text, targetFramework: text, targetCode: text}],
    creator: {id: address, type: ['Profile'], name: text, url: address}});
  return b;
}

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

// harmless holds a page to what every page is: nothing in it runs, leads to
// code or comes from elsewhere, and there is one verdict.
async function harmless(page, faults, what) {
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll('*')];
    const address = (e, name) => new URL(e.getAttribute(name), location.href);
    return {
      ran: globalThis.ran,
      scripts: document.scripts.length,
      frames: document.querySelectorAll('iframe, frame, object, embed, base, svg[onload], meta[http-equiv]').length,
      handlers: all.flatMap(e => e.getAttributeNames()).filter(name => name.startsWith('on')),
      links: all.filter(e => e.hasAttribute('href')).map(e => address(e, 'href').protocol).filter(p => !['http:', 'https:', 'mailto:', 'tel:'].includes(p)),
      sources: all.filter(e => e.hasAttribute('src')).map(e => address(e, 'src')).filter(a => a.protocol !== 'data:' && a.origin !== location.origin).map(String),
      forms: [...document.forms].map(f => new URL(f.action, location.href).origin).filter(origin => origin !== location.origin),
      styled: [...document.querySelectorAll('link[rel~=stylesheet]')].filter(e => !e.href.startsWith(location.origin)).length
        + [...document.querySelectorAll('style')].filter(e => !(e.parentNode === document.head && e.textContent.startsWith('/* Laurel.'))).length,
      verdicts: document.querySelectorAll('.verdict, #verdict').length,
      heads: document.querySelectorAll('h1').length,
      steering: /[\u202a-\u202e]/.test(document.documentElement.outerHTML)
    };
  });
  const verdicts = found.verdicts;
  delete found.verdicts;
  assert.deepEqual(found, {ran: undefined, scripts: 0, frames: 0, handlers: [], links: [], sources: [], forms: [], styled: 0, heads: 1, steering: false}, what);
  await fits(page, what);
  assert.deepEqual(faults, [], what);
  return verdicts;
}

// beginning is what has to be read of a text on a page.
const beginning = text => text.split(/[\u202a-\u202e\u2066-\u2069\n]/)[0].trim().slice(0, 30);

// shown pastes a document on the first page and gives the verdict: its class
// and its words.
async function shown(document, what, text = '') {
  const {page, faults, close} = await watched(browser, baseURL, '/?lang=en');
  await page.fill('#document', JSON.stringify(document));
  await Promise.all([page.waitForURL(url => url.pathname !== '/'), page.click('form.check button[type=submit]')]);
  assert.equal(await harmless(page, faults, what), 2, `${what}: not one verdict`);
  assert.ok((await page.innerText('main')).includes(beginning(text)), `${what}: not shown`);
  const section = page.locator('section.verdict');
  const verdict = {kind: await section.getAttribute('class'), word: await section.locator('#verdict .word').innerText()};
  await close();
  return verdict;
}

test('hostile badges signed elsewhere say no more than others', async () => {
  const key = await newKey();
  const good = await sign(badge(key.controller), key);
  const spoilt = b => ({...b, validFrom: '2025-05-01T12:00:01Z'});
  const [valid, invalid] = [await shown(good, 'valid'), await shown(spoilt(good), 'invalid')];
  assert.deepEqual([valid.kind, invalid.kind], ['verdict valid', 'verdict invalid']);
  assert.notEqual(valid.word, invalid.word);
  let n = 0;
  for(const [name, text] of Object.entries(hostile)) {
    const signed = await sign(foreign(key, text, addresses[n++ % addresses.length]), key);
    assert.deepEqual(await shown(signed, name, text), valid, name);
    assert.deepEqual(await shown(spoilt(signed), `${name}, spoilt`, text), invalid, `${name}, spoilt`);
  }
});

// issued defines and issues a badge with a text wherever issuing lets it
// through, and gives what was refused.
async function issued(issuer, slug, text) {
  const line = text.split('\n')[0].slice(0, 200); // names are one line, and not long
  const [achievement, award] = [
    {issuer, name: {en: line}, description: {en: text}, criteria: {en: text}},
    {achievement: slug, recipient: {name: line, externalId: slug}, awardedAt: '2025-07-11', narrative: text, role: line}];
  try {
    await call(baseURL, token, 'PUT', `/v1/achievements/${slug}`, achievement);
    return await call(baseURL, token, 'POST', '/v1/credentials', award);
  } catch(e) {
    return {refused: e.message};
  }
}

test('hostile badges issued here say no more than others', async t => {
  const [first] = world.demo.badges;
  const {issuer} = await call(baseURL, token, 'GET', `/v1/achievements/${first.achievement}`);
  const innocent = await issued(issuer, 'hostile-none', 'Ana Example');
  assert.ok(innocent.id, innocent.refused);
  let seen = 0;
  for(const [name, text] of [['none', ''], ...Object.entries(hostile)]) {
    const {id, credentialId, refused} = name === 'none' ? innocent : await issued(issuer, `hostile-${name}`, text);
    if(refused) {
      assert.match(refused, / 4\d\d /, `${name}: ${refused}`);
      t.diagnostic(`refused: ${name}: ${refused.slice(0, 200)}`);
      continue;
    }
    seen++;
    for(const path of [new URL(credentialId).pathname, `/v/${id}`, `/v/${id}?lang=ar`, `/achievements/hostile-${name}`]) {
      const {page, faults, close} = await watched(browser, baseURL, path);
      const verdicts = await harmless(page, faults, `${name} ${path}`);
      if(!path.startsWith('/achievements/')) {
        assert.equal(verdicts, 2, `${name} ${path}: not one verdict`);
        assert.ok((await page.innerText('main')).includes(beginning(text || 'Ana Example')), `${name} ${path}: not shown`);
        assert.match(await page.locator('section.verdict').getAttribute('class'), /\bvalid\b/, `${name} ${path}`);
      }
      await close();
    }
  }
  assert.ok(seen > Object.keys(hostile).length / 2, `only ${seen} were issued`);
});
