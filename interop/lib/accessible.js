// axe-core looks at a page by the rules of WCAG 2.2 AA that a program can judge.
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import assert from 'node:assert/strict';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// accessible demands that axe-core finds nothing against a page. The page's
// policy forbids scripts; this one comes by the debugger, past it.
export async function accessible(page, what) {
  await page.evaluate(source);
  const {violations, passes} = await page.evaluate(tags => globalThis.axe.run(document, {runOnly: tags}), rules);
  assert.deepEqual(violations.flatMap(v => v.nodes.map(node => `${v.id}: ${node.html} ${node.failureSummary}`)), [], what);
  assert.ok(passes.length > 10, `${what}: axe-core looked at ${passes.length} things`);
}
