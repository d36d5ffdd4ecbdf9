// Badges in pictures, against readers and writers that others have made: what
// Laurel bakes is found by a PNG chunk reader and an XML parser, to the byte,
// and Laurel finds what those have put together.
import {test} from 'node:test';
import assert from 'node:assert/strict';
import {writeFileSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import extractChunks from 'png-chunks-extract';
import encodeChunks from 'png-chunks-encode';
import {DOMParser, XMLSerializer} from '@xmldom/xmldom';
import {changed} from '../lib/forge.js';
import {command, exits} from '../lib/laurel.js';
import {each, get, jwt, spread, world} from '../lib/world.js';

const keyword = 'openbadgecredential';
const namespace = 'https://purl.imsglobal.org/ob/v3p0';
const json = async badge => (await get(`${badge.credentialId}.json`)).text();
const picture = async (badge, suffix) => Buffer.from(await (await get(`${badge.credentialId}.${suffix}`)).arrayBuffer());
const origin = badge => new URL(badge.credentialId).origin;

// iTXt chunks with the keyword, as PNG section 11.3.3.4 lays them out.
function credentials(png) {
  return extractChunks(new Uint8Array(png)).filter(c => c.name === 'iTXt').map(c => Buffer.from(c.data))
    .filter(data => data.subarray(0, data.indexOf(0)).toString('latin1') === keyword)
    .map(data => {
      assert.deepEqual([...data.subarray(keyword.length, keyword.length + 5)], [0, 0, 0, 0, 0], 'not compressed, no language');
      return data.subarray(keyword.length + 5).toString('utf8');
    });
}

async function verify(baseURL, bytes, type) {
  const answer = await fetch(`${baseURL}/v1/verify`, {method: 'POST', body: bytes, headers: {'Content-Type': type}});
  return {status: answer.status, report: await answer.json()};
}

const sample = [...spread(world.demo.badges.filter(b => b.status === 'active'), 6), ...world.academy.badges.slice(0, 2)];

test('a chunk reader finds the badge in our PNGs', () => each(sample, async badge => {
  const png = await picture(badge, 'png');
  assert.deepEqual(credentials(png), [await json(badge)]);
  const names = extractChunks(new Uint8Array(png)).map(c => c.name);
  assert.deepEqual([names[0], names.at(-1)], ['IHDR', 'IEND']);
}));

test('an XML parser finds the badge in our SVGs', () => each(sample, async badge => {
  const document = new DOMParser({onError: (level, message) => assert.fail(message)}).parseFromString((await picture(badge, 'svg')).toString('utf8'), 'image/svg+xml');
  const found = document.getElementsByTagNameNS(namespace, 'credential');
  assert.equal(found.length, 1);
  assert.equal(document.documentElement.firstChild, found[0]);
  assert.equal(found[0].nodeName, 'openbadges:credential');
  assert.equal(found[0].getAttribute('verify') ?? '', '');
  assert.equal(found[0].textContent, await json(badge));
}));

test('our pictures verify by upload and by command', () => each(sample, async badge => {
  for(const [suffix, type] of [['png', 'image/png'], ['svg', 'image/svg+xml']]) {
    const bytes = await picture(badge, suffix);
    for(const base of [origin(badge), world.second.baseURL]) {
      const {status, report} = await verify(base, bytes, type);
      assert.equal(`${status} ${report.verdict}`, '200 valid', badge.credentialId);
      assert.equal(report.credential.id, badge.credentialId);
    }
    const folder = mkdtempSync(join(tmpdir(), 'laurel-baked-'));
    try {
      writeFileSync(join(folder, `badge.${suffix}`), bytes);
      const {code, stdout} = await command(world.binary, ['verify', '--json', ...world.fetchFlags, join(folder, `badge.${suffix}`)]);
      assert.equal(exits[code], 'valid', stdout);
    } finally {
      rmSync(folder, {recursive: true});
    }
  }
}));

// bake puts text chunks into a picture with somebody else's encoder.
function bake(png, ...texts) {
  const chunks = extractChunks(new Uint8Array(png)).filter(c => c.name !== 'iTXt');
  for(const text of texts) { // before IEND, where other bakers put it
    chunks.splice(-1, 0, {name: 'iTXt', data: new Uint8Array(Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text)]))});
  }
  return Buffer.from(encodeChunks(chunks));
}

test('PNGs of another encoder', async () => {
  const [badge, other] = sample;
  const [png, document, token, second] = await Promise.all([picture(badge, 'png'), json(badge), jwt(badge), json(other)]);
  const verdict = async (...texts) => {
    const {status, report} = await verify(origin(badge), bake(png, ...texts), 'image/png');
    return `${status} ${report.verdict ?? report.code}`;
  };
  assert.equal(await verdict(document), '200 valid');
  assert.equal(await verdict(token), '200 valid');
  assert.equal(await verdict(document, second), '200 invalid');
  assert.equal(await verdict(), '400 no_badge_in_image');
  for(const forged of [...changed(JSON.parse(document))].filter(f => f.path[0] !== 'proof')) { // another suite would be an open question
    assert.equal(await verdict(JSON.stringify(forged.document)), '200 invalid', forged.name);
  }
});

test('SVGs of another serialiser', async () => {
  const [badge] = sample;
  const [document, token] = await Promise.all([json(badge), jwt(badge)]);
  const build = (text, verify) => {
    const drawing = new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>a &amp; b</title></svg>', 'image/svg+xml');
    const element = drawing.createElementNS(namespace, 'ob:credential');
    if(verify) {
      element.setAttribute('verify', verify);
    }
    if(text) { // escapes where we write a CDATA section
      element.appendChild(drawing.createTextNode(text));
    }
    drawing.documentElement.insertBefore(element, drawing.documentElement.firstChild);
    return new XMLSerializer().serializeToString(drawing);
  };
  const forged = document.replace('"name":"', '"name":"X');
  assert.notEqual(forged, document);
  for(const [svg, expected] of [[build(document), 'valid'], [build('', token), 'valid'], [build(document, token), 'invalid'], [build(forged), 'invalid']]) {
    const {status, report} = await verify(origin(badge), svg, 'image/svg+xml');
    assert.equal(`${status} ${report.verdict}`, `200 ${expected}`);
  }
  // Written anew by others, our own SVG is still the same badge.
  const again = new XMLSerializer().serializeToString(new DOMParser().parseFromString((await picture(badge, 'svg')).toString('utf8'), 'image/svg+xml'));
  assert.equal((await verify(origin(badge), again, 'image/svg+xml')).report.verdict, 'valid');
});
