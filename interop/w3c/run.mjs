// Runs the W3C and CCG test suites against `laurel serve`, and prints what came
// of it: node interop/w3c/run.mjs LAUREL SUITES [suite…]
//
// LAUREL is the program; SUITES a folder with the checked out suites, their
// dependencies installed, each under its own name. The suites speak TLS and know
// no tokens, so a front between adds both; it changes no byte of a body.
// It exits 1 when a suite fails elsewhere than known.json says.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const known = JSON.parse(fs.readFileSync(path.join(here, 'known.json')));
const [laurel, folder, ...only] = process.argv.slice(2);
if (!laurel || !folder) {
  console.error('usage: node interop/w3c/run.mjs LAUREL SUITES [suite…]');
  process.exit(3);
}
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'laurel-w3c-'));
const running = [];

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  return port;
}

function command(...args) {
  const done = spawnSync(path.resolve(laurel), args, {encoding: 'utf8'});
  if (done.status !== 0) {
    throw new Error(`laurel ${args.join(' ')}: ${done.stderr}`);
  }
  return done.stdout.trim();
}

function certificate() {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(scratch, name));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost']);
  if (made.status !== 0) {
    throw new Error(`openssl: ${made.stderr}`);
  }
  return {key: fs.readFileSync(key), cert: fs.readFileSync(cert)};
}

// front takes requests by TLS and hands them on with a token.
async function front(tls, port, target, host, token) {
  const server = https.createServer(tls, (req, res) => {
    const headers = {...req.headers, host, ...(/^\/credentials\/(issue|status)/.test(req.url) ? {authorization: `Bearer ${token}`} : {})};
    const on = http.request({host: '127.0.0.1', port: target, path: req.url, method: req.method, headers}, (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    on.on('error', (error) => res.writeHead(502).end(String(error)));
    req.pipe(on);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  running.push(() => server.close());
}

async function ready(port, host) {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await new Promise((resolve) => http.get({host: '127.0.0.1', port, path: '/readyz', headers: {host}},
      (res) => resolve(res.resume().statusCode)).on('error', () => resolve(0)));
    if (answer === 200) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the service does not come up');
}

// service starts laurel under a base URL: plain http, where each key is a did:key,
// or https, which alone some suites fetch status lists by.
async function service(secure) {
  const port = await freePort();
  const outside = await freePort();
  const host = secure ? `localhost:${outside}` : `127.0.0.1:${port}`;
  const data = path.join(scratch, secure ? 'secure' : 'plain');
  command('init', '--data', data, '--base-url', `${secure ? 'https' : 'http'}://${host}`, '--issuer', 'example', '--name', 'Example');
  const token = command('token', 'create', '--data', data, '--issuer', 'vc-api', '--scope', 'vc:issue');
  const keys = command('keys', 'list', '--issuer', 'vc-api', '--data', data).split('\n').map((line) => line.split(/\s+/));
  const child = spawn(path.resolve(laurel), ['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--vc-api', '--verify-rate', '0'],
    {stdio: 'ignore', env: {...process.env, LAUREL_FETCH_ALLOW: host}});
  running.push(() => child.kill());
  await ready(port, host);
  await front(certificate(), outside, port, host, token);
  const ids = {};
  for (const columns of keys) {
    ids[columns[1]] = columns.at(-1).split('#')[0];
  }
  return {LAUREL_BASE: `https://localhost:${outside}`, LAUREL_IDS: JSON.stringify(ids), ...(secure ? {LAUREL_STATUS: '1'} : {})};
}

function run(suite, env) {
  const at = path.join(folder, suite);
  fs.copyFileSync(path.join(here, 'config.cjs'), path.join(at, 'localConfig.cjs'));
  // The suite's own mocha: npx would look for another where there is none.
  const done = spawn(path.join('node_modules', '.bin', 'mocha'), ['tests/', '--reporter', 'json', '--timeout', '15000', '--preserve-symlinks'],
    {cwd: at, timeout: 20 * 60 * 1000, env: {...process.env, ...env, NODE_TLS_REJECT_UNAUTHORIZED: '0'}, stdio: ['ignore', 'pipe', 'pipe']});
  let out = '';
  let complaints = '';
  done.on('error', (error) => complaints += error);
  done.stdout.on('data', (chunk) => out += chunk);
  done.stderr.on('data', (chunk) => complaints += chunk);
  return once(done, 'close').then(() => {
    const from = out.indexOf('{\n  "stats"');
    if (from < 0) {
      throw new Error(`${suite} was not run; is it installed? ${complaints.slice(-2000)}`);
    }
    return JSON.parse(out.slice(from));
  });
}

let wrong = 0;
try {
  const plain = await service(false);
  const secure = await service(true);
  for (const suite of only.length > 0 ? only : Object.keys(known)) {
    const report = await run(suite, known[suite].secure ? secure : plain);
    const {tests, passes, failures, pending} = report.stats;
    console.log(`${suite}: ${tests} tests, ${passes} passed, ${failures} failed, ${pending} not for us`);
    for (const failure of report.failures) {
      const why = known[suite].failures[failure.title];
      console.log(`  ${why ? 'known: ' + why : 'NOT KNOWN'}: ${failure.fullTitle.slice(-160)}: ${failure.err.message?.slice(0, 200)}`);
      wrong += why ? 0 : 1;
    }
    for (const title of Object.keys(known[suite].failures)) {
      if (!report.failures.some((failure) => failure.title === title)) {
        console.log(`  PASSES NOW, and is called known: ${title.slice(0, 160)}`);
        wrong++;
      }
    }
    wrong += passes < known[suite].atLeast ? 1 : 0;
  }
} finally {
  running.forEach((stop) => stop());
  fs.rmSync(scratch, {recursive: true, force: true});
}
process.exitCode = wrong > 0 ? 1 : 0;
