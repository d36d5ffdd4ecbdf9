// Starts the services that the tests look at, and ends those and no others.
import {spawn, execFileSync} from 'node:child_process';
import {createServer as createTLS} from 'node:tls';
import {createServer as createHTTPS} from 'node:https';
import {connect, createServer} from 'node:net';
import {createInterface} from 'node:readline';
import {mkdirSync, readFileSync, writeFileSync, createWriteStream} from 'node:fs';
import {join, normalize} from 'node:path';
import {once} from 'node:events';
import {randomInt} from 'node:crypto';
import {environment} from './laurel.js';

const startLimit = 120_000;

// certificates makes an authority of our own, and a certificate for localhost
// that it vouches for. Their keys live as long as the folder.
export function certificates(folder) {
  mkdirSync(folder, {recursive: true});
  const file = name => join(folder, name);
  const openssl = (...args) => execFileSync('openssl', args, {cwd: folder, stdio: ['ignore', 'ignore', 'pipe']});
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-days', '2',
    '-subj', '/CN=Interoperability tests', '-addext', 'keyUsage=critical,keyCertSign');
  openssl('req', ...newKey, '-keyout', file('site.key'), '-out', file('site.csr'), '-subj', '/CN=localhost');
  writeFileSync(file('site.ext'), 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
  openssl('x509', '-req', '-in', file('site.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-days', '2', '-extfile', file('site.ext'), '-out', file('site.pem'));
  return {ca: file('ca.pem'), key: readFileSync(file('site.key')), cert: readFileSync(file('site.pem'))};
}

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

// freePort finds one below those that the system gives to whoever asks for any,
// so that nobody is given it before the service takes it.
export async function freePort() {
  for(;;) {
    const port = 10_000 + randomInt(20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(() => true, () => false);
    if(free) {
      server.close();
      await once(server, 'close');
      return port;
    }
  }
}

// front ends TLS for a service that speaks plain HTTP behind it. It listens
// first, because the service signs this address.
export async function front({key, cert}) {
  const f = {upstream: 0};
  const sockets = new Set();
  const server = createTLS({key, cert}, from => {
    const to = connect(f.upstream, '127.0.0.1');
    for(const [a, b] of [[from, to], [to, from]]) {
      sockets.add(a);
      a.on('error', () => b.destroy()).on('close', () => { sockets.delete(a); b.destroy(); });
    }
    from.pipe(to);
    to.pipe(from);
  });
  server.on('tlsClientError', () => {}); // a client that does not trust us may leave
  const port = await listening(server);
  f.host = `localhost:${port}`;
  f.url = `https://${f.host}`;
  f.stop = () => { server.close(); sockets.forEach(s => s.destroy()); };
  return f;
}

// site serves the files of a folder over TLS, as an issuer's own host would.
export async function site({key, cert}, folder) {
  mkdirSync(folder, {recursive: true});
  const server = createHTTPS({key, cert}, (request, response) => {
    const path = normalize(new URL(request.url, 'https://localhost').pathname);
    try {
      response.setHeader('Content-Type', 'application/json');
      response.end(readFileSync(join(folder, path)));
    } catch{
      response.writeHead(404).end('{}');
    }
  });
  const port = await listening(server);
  return {host: `localhost:${port}`, url: `https://localhost:${port}`, folder,
    stop: () => { server.close(); server.closeAllConnections(); }};
}

// launch starts laurel and reads one of its streams until done says so.
function launch(binary, args, {stream, log, env = {}, done}) {
  const child = spawn(binary, args, {env: environment(env), stdio: ['ignore', 'pipe', 'pipe']});
  child.stderr.pipe(createWriteStream(log));
  const name = `laurel ${args[0]}`;
  const ready = new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${name} was not ready in time; see ${log}`)), startLimit);
    createInterface({input: child[stream]}).on('line', line => {
      let said;
      try {
        said = JSON.parse(line);
      } catch{
        if(stream === 'stdout') {
          reject(new Error(`${name} printed a line that is no JSON: ${line}`));
        }
        return;
      }
      const result = done(said);
      if(result !== undefined) {
        clearTimeout(limit);
        resolve(result);
      }
    });
    child.on('exit', code => {
      clearTimeout(limit);
      reject(new Error(`${name} ended with ${code} before it was ready; see ${log}`));
    });
  });
  const stop = async () => {
    if(child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {ready, stop};
}

// demo starts `laurel demo` and waits for all of its badges.
export function demo(binary, {data, log, flags = []}) {
  const seen = {token: '', badges: [], baseURL: ''};
  return launch(binary, ['demo', '--json', '--listen', '127.0.0.1:0', '--data', data, '--verify-rate', '0', ...flags], {
    stream: 'stdout', log, done: line => {
      if(line.token) {
        seen.token = line.token;
      } else if(line.id) {
        seen.badges.push(line);
      } else if(line.ready) {
        return {...seen, baseURL: line.baseUrl};
      } else {
        throw new Error(`the demo printed an unknown line: ${JSON.stringify(line)}`);
      }
    }
  });
}

// serve starts `laurel serve` on a folder that init made, on any free port.
export function serve(binary, {data, log, flags = []}) {
  return launch(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--verify-rate', '0', ...flags], {
    stream: 'stderr', log, done: line => line.listen && Number(line.listen.split(':').pop())
  });
}
