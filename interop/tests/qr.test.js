// Every QR code, read by zbar as a phone would, leads to the verification of
// its badge and to nothing else.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {launch} from '../lib/chromium.js';
import {each, get, spread, world} from '../lib/world.js';

let folder, browser;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'laurel-qr-'));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(folder, {recursive: true, force: true});
});

// read gives what zbar finds in each of some pictures, by file name.
function read(files) {
  const xml = execFileSync('zbarimg', ['--quiet', '--nodbus', '--xml', '-Sdisable', '-Sqrcode.enable', ...files], {encoding: 'utf8', maxBuffer: 16 << 20});
  const found = {};
  for(const [, file, symbols] of xml.matchAll(/<source href='([^']*)'>(.*?)<\/source>/gs)) {
    found[file] = [...symbols.matchAll(/<!\[CDATA\[(.*?)\]\]>/gs)].map(([, text]) => text);
  }
  return found;
}

// expect compares pictures, each with the badge that it belongs to.
function expect(pictures) {
  const found = read(pictures.map(p => p.file));
  for(const {file, badge} of pictures) {
    assert.deepEqual(found[file], [badge.verifyUrl], file);
  }
}

const all = [...world.demo.badges, ...world.academy.badges];
const address = (badge, rest) => `${badge.credentialId}/qr.${rest}`;

async function download(badges, query = '') {
  return each(badges, async badge => {
    const answer = await get(address(badge, `png${query}`));
    assert.equal(answer.headers.get('Content-Type'), 'image/png');
    const file = join(folder, `${badge.id}${query.replace(/\W/g, '-')}.png`);
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    return {file, badge};
  });
}

test('the PNG of every badge', async () => {
  const pictures = await download(all);
  assert.ok(pictures.length >= 70);
  expect(pictures);
});

for(const size of [128, 1024]) {
  test(`PNGs of ${size} pixels`, async () => expect(await download(spread(all, 12), `?size=${size}`)));
}

test('SVGs, drawn by Chromium', async () => {
  const page = await browser.newPage({viewport: {width: 480, height: 480}, ignoreHTTPSErrors: true});
  const pictures = [];
  for(const badge of spread(all, 10)) {
    await page.goto(address(badge, 'svg'));
    const file = join(folder, `${badge.id}-drawn.png`);
    await page.screenshot({path: file});
    pictures.push({file, badge});
  }
  expect(pictures);
});

test('the address in the code leads to the verdict', async () => {
  for(const badge of spread(all, 5)) {
    const report = await (await get(badge.verifyUrl, 'application/json')).json();
    assert.equal(report.verdict, 'valid');
    assert.equal(report.document.id, badge.credentialId);
  }
});
