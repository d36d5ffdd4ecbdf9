import {launch, screens} from './lib/chromium.js';
import {accessible} from './lib/accessible.js';
import {readFileSync} from 'node:fs';
const [, , base, token, ...paths] = process.argv;
const browser = await launch();
for(const [screen, lang] of [['phone','en'],['desk','en'],['phone','ar'],['desk','ar']]) {
  const context = await browser.newContext({viewport: screens[screen]});
  const page = await context.newPage();
  page.on('console', m => console.log('console:', m.text()));
  await page.goto(`${base}/console?lang=${lang}`);
  await page.screenshot({path: `/tmp/shots/signin-${lang}-${screen}.png`, fullPage: true});
  await page.fill('#token', token);
  await page.click('form.panel button');
  await page.waitForLoadState();
  for(const p of paths) {
    await page.goto(`${base}${p}${p.includes('?') ? '&' : '?'}lang=${lang}`);
    const name = p.replace(/[^a-z0-9-]+/gi, '_').slice(0, 60);
    await page.screenshot({path: `/tmp/shots/${name}-${lang}-${screen}.png`, fullPage: true});
    const w = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    if(w[0] > w[1]) console.log('TOO WIDE', p, screen, lang, w);
    try { await accessible(page, p); } catch(e) { console.log(p, lang, screen, e.message.slice(0, 1500)); }
  }
  await context.close();
}
await browser.close();
