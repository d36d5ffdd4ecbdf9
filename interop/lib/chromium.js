// A real browser, without a window and without talking to anybody but us.
import {existsSync} from 'node:fs';
import {chromium} from 'playwright-core';

const paths = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];

export function launch() {
  const executablePath = paths.find(path => path && existsSync(path));
  if(!executablePath) {
    throw new Error('Chromium is missing: install the package chromium, or set CHROMIUM to its path.');
  }
  return chromium.launch({executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync']});
}
