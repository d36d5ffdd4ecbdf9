// Laurel from the outside: its command and its calls over HTTP.
import {execFile} from 'node:child_process';
import {setTimeout} from 'node:timers/promises';
import {promisify} from 'node:util';

const exec = promisify(execFile);

export const exits = {0: 'valid', 1: 'invalid', 2: 'indeterminate'};

// environment is ours without settings of a Laurel that may run beside us.
export function environment(extra = {}) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LAUREL_')));
  return {...env, ...extra};
}

// command runs laurel once and returns its exit code and what it printed.
export async function command(binary, args, {input = '', env = {}} = {}) {
  const running = exec(binary, args, {env: environment(env), maxBuffer: 16 << 20});
  running.child.stdin.on('error', () => {}); // one that ends early does not read on
  running.child.stdin.end(input);
  try {
    return {code: 0, ...await running};
  } catch(error) {
    if(typeof error.code !== 'number') {
      throw error;
    }
    return {code: error.code, stdout: error.stdout, stderr: error.stderr};
  }
}

// verifyByCommand gives the report of `laurel verify`, whose exit code has to
// agree with it.
export async function verifyByCommand(binary, bytes, flags = []) {
  const {code, stdout, stderr} = await command(binary, ['verify', '--json', ...flags, '-'], {input: bytes});
  if(!(code in exits)) {
    throw new Error(`laurel verify ended with ${code}: ${stderr}`);
  }
  const report = JSON.parse(stdout);
  const agrees = exits[code] === report.verdict || (code === 0 && report.verdict === 'warning');
  if(!agrees) {
    throw new Error(`laurel verify ended with ${code} and said ${report.verdict}`);
  }
  return report;
}

const contentType = bytes => bytes.trimStart().startsWith('{') ? 'application/vc' : 'application/vc+jwt';

// verifyByService posts bytes to a service and gives its report. On a busy machine
// it is told to come back, and does so.
export async function verifyByService(baseURL, bytes) {
  let answer, text;
  for(const began = Date.now(); ;) {
    answer = await fetch(`${baseURL}/v1/verify`, {
      method: 'POST', body: bytes, headers: {'Content-Type': contentType(bytes), Accept: 'application/json'}
    });
    text = await answer.text();
    if(answer.status !== 503 || !answer.headers.has('Retry-After') || Date.now() - began > 120_000) {
      break;
    }
    await setTimeout(1000 * Number(answer.headers.get('Retry-After')));
  }
  if(answer.status !== 200) {
    throw new Error(`POST /v1/verify: ${answer.status} ${text}`);
  }
  const report = JSON.parse(text);
  if(report.verified !== ['valid', 'warning'].includes(report.verdict)) {
    throw new Error(`verdict ${report.verdict} and verified ${report.verified} do not agree`);
  }
  return report;
}

// call makes a request with a token and JSON, and demands a good answer.
export async function call(baseURL, token, method, path, body) {
  const answer = await fetch(baseURL + path, {
    method, body: body === undefined ? undefined : JSON.stringify(body),
    headers: {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Accept: 'application/json'}
  });
  const text = await answer.text();
  if(!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  }
  return JSON.parse(text);
}

// failed lists the checks of a report that did not pass, as id/code.
export const remarks = report => report.checks.filter(c => !['pass', 'skipped'].includes(c.result))
  .map(c => `${c.id} ${c.result} ${c.code}`);
