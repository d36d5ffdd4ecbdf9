// What Laurel makes of documents that are not among the generated ones: one
// process that canonicalises line by line.
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let process;

export async function laurel(document) {
  if(!process) {
    const child = spawn('go', ['run', './interop/canon/lines', '-read'], {cwd: root, stdio: ['pipe', 'pipe', 'inherit']});
    process = {in: child.stdin, out: createInterface({input: child.stdout})[Symbol.asyncIterator]()};
  }
  process.in.write(JSON.stringify(document) + '\n');
  return JSON.parse((await process.out.next()).value);
}
