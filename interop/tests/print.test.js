// A badge on paper: the page to print and the certificate, as a browser and as
// others' programs take them.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {accessible} from '../lib/accessible.js';
import {fits, launch, watched} from '../lib/chromium.js';
import {world} from '../lib/world.js';

const {baseURL} = world.demo;
const folder = join(world.artifacts, 'paper');
const badge = world.demo.badges.find(b => b.status === 'active' && b.achievement.startsWith('hc20'));

let browser;
before(async () => {
  mkdirSync(folder, {recursive: true});
  browser = await launch();
});
after(() => browser?.close());

// onOneSheet demands one page with a code on it that leads to the badge, and a
// second one where it holds a card.
function onOneSheet(file, what, card) {
  assert.match(execFileSync('pdfinfo', [file], {encoding: 'utf8'}), /^Pages: +1$/m, what);
  const picture = file.replace(/\.pdf$/, '');
  execFileSync('pdftoppm', ['-r', card ? '300' : '150', '-gray', '-png', '-singlefile', file, picture]);
  const read = execFileSync('zbarimg', ['--quiet', '--nodbus', '--raw', '-Sdisable', '-Sqrcode.enable', `${picture}.png`], {encoding: 'utf8'});
  assert.deepEqual(read.trim().split('\n').sort(), card ? [badge.verifyUrl, card] : [badge.verifyUrl], what);
}

for(const lang of ['en', 'ar', 'zh']) {
  for(const paper of ['a4', 'letter']) {
    test(`on paper: ${lang}, ${paper}`, async () => {
      const address = `/credentials/${badge.id}/print?lang=${lang}&paper=${paper}`;
      for(const screen of ['phone', 'desk']) {
        const {page, faults, close} = await watched(browser, baseURL, address, {screen, javaScriptEnabled: screen === 'desk'});
        await fits(page, `${address} on a ${screen}`);
        if(screen === 'desk') {
          await accessible(page, address);
          assert.equal((await page.innerText('h1')).trim(), badge.recipient);
          const file = join(folder, `page-${lang}-${paper}.pdf`);
          await page.pdf({path: file, preferCSSPageSize: true, printBackground: false});
          onOneSheet(file, address);
        }
        assert.deepEqual(faults, [], address);
        await close();
      }
      const file = join(folder, `certificate-${lang}-${paper}.pdf`);
      const response = await fetch(`${baseURL}/credentials/${badge.id}.pdf?lang=${lang}&paper=${paper}`);
      assert.equal(response.status, 200);
      writeFileSync(file, Buffer.from(await response.arrayBuffer()));
      onOneSheet(file, file);
    });
  }
}

test('with the offline card as second code', async () => {
  const card = await (await fetch(`${baseURL}/credentials/${badge.id}/card`)).text();
  for(const [lang, paper] of [['en', 'letter'], ['ar', 'a4']]) {
    const address = `/credentials/${badge.id}/print?lang=${lang}&paper=${paper}&offline=1`;
    const {page, faults, close} = await watched(browser, baseURL, address, {screen: 'desk'});
    await fits(page, address);
    await accessible(page, address);
    const file = join(folder, `card-${lang}-${paper}.pdf`);
    await page.pdf({path: file, preferCSSPageSize: true, printBackground: false});
    onOneSheet(file, address, card);
    assert.deepEqual(faults, [], address);
    await close();
  }
});

test('what was revoked is not put on paper', async () => {
  const {page, close} = await watched(browser, baseURL, `/credentials/${world.demo.revoked.id}.pdf?lang=en`);
  assert.equal(new URL(page.url()).pathname, `/credentials/${world.demo.revoked.id}`);
  assert.equal(await page.locator('section.verdict.invalid').count(), 1);
  assert.equal(await page.locator('a[href*=".pdf"], a[href*="/print"]').count(), 0);
  await close();
});
