// Builds Laurel, starts the services that the tests look at, runs the tests
// and ends the services. Give the names of test files to run only those:
//
//   node interop/run.js [tests/qr.test.js …]
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as academy from './lib/academy.js';
import {environment} from './lib/laurel.js';
import * as start from './lib/start.js';
import {left} from './lib/story.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const artifacts = join(root, 'artifacts', 'interop');
const work = mkdtempSync(join(tmpdir(), 'laurel-interop-'));
const ends = []; // what to end, the last started first

function build() {
  const binary = join(work, 'laurel');
  execFileSync('go', ['build', '-o', binary, './cmd/laurel'], {cwd: root, stdio: 'inherit'});
  const contexts = join(work, 'contexts.json');
  writeFileSync(contexts, execFileSync('go', ['run', './interop/contexts'], {cwd: root}));
  return {binary, contexts};
}

async function started(service) {
  ends.push(service.stop);
  return service.ready;
}

// https starts a service behind TLS, on a folder that init makes.
async function https(binary, tls, name, title, flags) {
  const front = await start.front(tls);
  ends.push(front.stop);
  const data = join(work, name);
  await academy.initialise(binary, data, front.url, title);
  front.upstream = await started(start.serve(binary, {data, log: join(artifacts, `${name}.log`), flags}));
  return {baseURL: front.url, host: front.host, data};
}

// prepare makes all that the tests look at: they run beside each other, so
// none may change what another one sees.
async function prepare() {
  const {binary, contexts} = build();
  const tls = start.certificates(join(work, 'tls'));
  const site = await start.site(tls, join(work, 'site'));
  ends.push(site.stop);
  const trust = (...hosts) => ['--fetch-ca', tls.ca, '--fetch-allow', hosts.join(',')];

  const first = await https(binary, tls, 'academy', 'City Academy', trust(site.host));
  Object.assign(first, await academy.fill(binary, first.data, join(work, 'definitions')));
  const data = join(work, 'demo');
  const demo = await started(start.demo(binary, {data, log: join(artifacts, 'demo.log'), flags: trust(site.host)}));
  Object.assign(demo, left(demo.badges), {data});
  const everyone = trust(site.host, first.host, new URL(demo.baseURL).host);
  // Under the name of the first its issuer would be warned of as one that is not it.
  const second = await https(binary, tls, 'second', 'Town Academy', everyone);
  return {binary, contexts, artifacts, ca: tls.ca, site: {url: site.url, host: site.host, folder: site.folder},
    fetchFlags: everyone, demo, academy: first, second};
}

async function test(world) {
  const description = join(work, 'world.json');
  writeFileSync(description, JSON.stringify(world));
  const named = process.argv.slice(2);
  const size = file => statSync(file).size; // the largest first, so that none is left to run alone
  const files = named.length > 0 ? named : readdirSync(join(here, 'tests')).map(name => join(here, 'tests', name)).sort((a, b) => size(b) - size(a));
  const child = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], {
    stdio: 'inherit', env: environment({INTEROP_WORLD: description, NODE_EXTRA_CA_CERTS: world.ca})
  });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

mkdirSync(artifacts, {recursive: true});
for(const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {}); // the tests end by it, and then the services below
}
try {
  process.exitCode = await test(await prepare());
} finally {
  for(const end of ends.reverse()) {
    const code = await end();
    if(code) {
      console.error(`a service ended with ${code}; its log is in ${artifacts}`);
      process.exitCode = 1;
    }
  }
  rmSync(work, {recursive: true, force: true});
}
