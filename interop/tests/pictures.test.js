// Pictures as people see them: the preview of a badge, in a real browser. An
// Arabic name is joined there as Chromium joins it itself.
import {after, before, test} from 'node:test';
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {launch} from '../lib/chromium.js';
import {world} from '../lib/world.js';

const pictures = join(world.artifacts, 'pictures');
const {baseURL, badges, revoked} = world.demo;
const arabic = badges.find(b => /\p{Script=Arabic}/u.test(b.recipient));

let browser, page;
before(async () => {
  mkdirSync(pictures, {recursive: true});
  browser = await launch();
  page = await (await browser.newContext()).newPage();
  await page.goto(`${baseURL}/healthz`);
});
after(() => browser?.close());

const address = (badge, lang) => `/credentials/${badge.credentialId.split('/').pop()}/preview.png?lang=${lang}`;

// look runs in the browser. It draws a picture or a text on a canvas and finds
// the lines in it: rows with ink, each with its width and the number of its
// connected pieces. Dots and marks are no pieces: whether three dots touch is a
// matter of how edges are smoothed, whether two letters do is not.
const look = ({src, text, box, size = 40, weight = 'bold', wide = [1200, 630]}) => (async () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = src ? wide : [30 * size, 4 * size];
  const paper = canvas.getContext('2d', {willReadFrequently: true});
  paper.fillStyle = '#fff';
  paper.fillRect(0, 0, canvas.width, canvas.height);
  if(src) {
    const image = new Image();
    image.src = src;
    await image.decode();
    if(image.naturalWidth !== wide[0] || image.naturalHeight !== wide[1]) {
      throw new Error(`${image.naturalWidth} by ${image.naturalHeight} pixels`);
    }
    paper.drawImage(image, 0, 0);
  } else {
    paper.font = `${weight} ${size}px "Noto Sans", "Noto Sans Arabic"`;
    paper.fillStyle = '#000';
    paper.direction = 'rtl';
    paper.fillText(text, 27.5 * size, 2.25 * size);
  }
  const [left, top, right, bottom] = box ?? [0, 0, canvas.width, canvas.height];
  const width = right - left, height = bottom - top;
  const {data} = paper.getImageData(left, top, width, height);
  const dark = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[4 * (y * width + x)] + data[4 * (y * width + x) + 1] < 300;
  const seen = new Uint8Array(width * height);
  const pieces = [];
  for(let y = 0; y < height; y++) {
    for(let x = 0; x < width; x++) {
      if(seen[y * width + x] || !dark(x, y)) {
        continue;
      }
      const piece = {left: x, right: x, top: y, bottom: y}, open = [[x, y]];
      seen[y * width + x] = 1;
      while(open.length > 0) {
        const [px, py] = open.pop();
        piece.left = Math.min(piece.left, px); piece.right = Math.max(piece.right, px);
        piece.top = Math.min(piece.top, py); piece.bottom = Math.max(piece.bottom, py);
        for(const [nx, ny] of [[px - 1, py], [px + 1, py], [px, py - 1], [px, py + 1], [px - 1, py - 1], [px + 1, py - 1], [px - 1, py + 1], [px + 1, py + 1]]) {
          if(dark(nx, ny) && !seen[ny * width + nx]) {
            seen[ny * width + nx] = 1;
            open.push([nx, ny]);
          }
        }
      }
      pieces.push(piece);
    }
  }
  const letter = piece => piece.bottom - piece.top >= 0.4 * size ? 1 : 0;
  const lines = [];
  for(const piece of pieces.sort((a, b) => a.top - b.top)) {
    const line = lines.at(-1);
    if(line && piece.top <= line.bottom) {
      line.bottom = Math.max(line.bottom, piece.bottom);
      line.left = Math.min(line.left, piece.left); line.right = Math.max(line.right, piece.right);
      line.pieces += letter(piece);
    } else {
      lines.push({...piece, pieces: letter(piece)});
    }
  }
  // Where the ink of a line is, in sixteenths of its width.
  const ink = line => {
    const profile = Array(16).fill(0);
    for(let y = line.top; y <= line.bottom; y++) {
      for(let x = line.left; x <= line.right; x++) {
        profile[Math.floor(16 * (x - line.left) / (line.right - line.left + 1))] += dark(x, y) ? 1 : 0;
      }
    }
    const all = profile.reduce((a, b) => a + b, 0);
    return profile.map(n => n / all);
  };
  return lines.map(line => ({pieces: line.pieces, width: line.right - line.left, height: line.bottom - line.top, ink: ink(line)}));
})();

const close = (a, b) => Math.abs(a - b) <= 0.04 * b;

test('an Arabic name is joined in the preview as Chromium joins it', async () => {
  assert.ok(arabic, 'nobody in the demonstration has an Arabic name');
  const name = arabic.recipient;
  const joined = (await page.evaluate(look, {text: name}))[0];
  // The letters alone, which is what a picture without shaping has.
  const apart = (await page.evaluate(look, {text: [...name].join('\u200c')}))[0];
  assert.ok(apart.pieces > joined.pieces && !close(apart.width, joined.width), `the comparison cannot fail: ${JSON.stringify({joined, apart})}`);
  const lines = await page.evaluate(look, {src: address(arabic, 'en'), box: [520, 110, 1200, 560]});
  const same = line => line.pieces === joined.pieces && close(line.width, joined.width);
  assert.equal(lines.filter(same).length, 1, `${name}: Chromium has ${JSON.stringify(joined)}, the preview ${JSON.stringify(lines)}`);
});

// The certificate is drawn by a writer and glyphs of our own, and turned into dots by
// poppler.
test('an Arabic name is joined in the certificate as Chromium joins it', async () => {
  const name = arabic.recipient, scale = 200 / 72;
  const file = join(pictures, 'arabic.pdf');
  writeFileSync(file, Buffer.from(await (await fetch(`${arabic.credentialId}.pdf?lang=en&paper=a4`)).arrayBuffer()));
  const words = execFileSync('pdftotext', ['-bbox', file, '-'], {encoding: 'utf8'});
  const boxes = [...words.matchAll(/<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</g)]
    .filter(([,,,,, word]) => /\p{Script=Arabic}/u.test(word)).map(found => found.slice(1, 5).map(Number));
  assert.ok(boxes.length > 0, `no Arabic word in ${words}`);
  const edge = (n, of) => Math.round(scale * of(...boxes.map(box => box[n])));
  execFileSync('pdftoppm', ['-r', '200', '-gray', '-png', '-singlefile', file, file.replace(/\.pdf$/, '')]);
  const png = readFileSync(file.replace(/pdf$/, 'png'));
  const wide = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const box = [Math.round(0.1 * wide[0]), edge(1, Math.min), Math.round(0.9 * wide[0]), edge(3, Math.max)]; // the line of the name
  const drawn = await page.evaluate(look, {src: `data:image/png;base64,${png.toString('base64')}`, box, size: 100, wide});
  const shape = line => line.width / line.height;
  const apartBy = (a, b) => a.ink.reduce((sum, n, i) => sum + Math.abs(n - b.ink[i]), 0);
  const [joined] = await page.evaluate(look, {text: name, size: 100, weight: 'normal'});
  const [apart] = await page.evaluate(look, {text: [...name].join('\u200c'), size: 100, weight: 'normal'});
  const same = line => line.pieces === joined.pieces && close(shape(line), shape(joined)) && apartBy(line, joined) < 0.15;
  assert.ok(!same(apart), 'the comparison cannot fail');
  assert.equal(drawn.filter(same).length, 1, `${name}: Chromium has ${JSON.stringify(joined)}, the certificate ${JSON.stringify(drawn)}`);
});

test('previews have ink in every language, and a revoked badge is told by its band', async () => {
  const band = address => page.evaluate(async src => {
    const image = new Image();
    image.src = src;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const paper = canvas.getContext('2d');
    paper.drawImage(image, -1190, -5);
    return [...paper.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }, address);
  for(const lang of ['ar', 'en', 'es', 'fr', 'ru', 'zh']) {
    const answer = await fetch(baseURL + address(arabic, lang));
    assert.equal(answer.headers.get('content-type'), 'image/png');
    writeFileSync(join(pictures, `preview-${lang}.png`), Buffer.from(await answer.arrayBuffer()));
    const box = lang === 'ar' ? [0, 110, 680, 560] : [520, 110, 1200, 560];
    const lines = await page.evaluate(look, {src: address(arabic, lang), box});
    assert.ok(lines.length >= 4, `${lang}: ${JSON.stringify(lines)}`);
  }
  const [red, green] = await band(address(revoked, 'en'));
  assert.ok(red > green + 64, `a revoked badge has a band of ${red}, ${green}`);
  assert.notDeepEqual(await band(address(revoked, 'en')), await band(address(arabic, 'en')));
  writeFileSync(join(pictures, 'preview-revoked.png'), Buffer.from(await (await fetch(baseURL + address(revoked, 'en'))).arrayBuffer()));
});
