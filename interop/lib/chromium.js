// A real browser, without a window and without talking to anybody but us.
import {existsSync} from 'node:fs';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';

// The headless shell first: the same engine, without the windows of a desk, of
// which each page has several processes more.
const paths = [process.env.CHROMIUM, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser'];

// patience is how long something is waited for that comes, on the slowest machine.
const patience = 180_000;

// launch opens one, told more if need be.
export async function launch(more = []) {
  const executablePath = paths.find(path => path && existsSync(path));
  if(!executablePath) {
    throw new Error('Chromium is missing: install the package chromium-headless-shell, or set CHROMIUM to its path.');
  }
  const browser = await chromium.launch({executablePath, timeout: patience, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', ...more]});
  const open = browser.newContext.bind(browser);
  browser.newContext = async options => {
    const context = await open(options);
    context.setDefaultTimeout(patience);
    return context;
  };
  return browser;
}

export const screens = {phone: {width: 360, height: 740}, tablet: {width: 768, height: 1024}, desk: {width: 1280, height: 900}};

// watched opens a page of a service and watches what it does: a request to
// another host or a message on the console is a fault, wherever it comes from.
export async function watched(browser, baseURL, address, {screen = 'phone', colorScheme = 'light', javaScriptEnabled = true} = {}) {
  const context = await browser.newContext({viewport: screens[screen], javaScriptEnabled, colorScheme});
  const page = await context.newPage();
  const faults = [];
  page.on('request', request => {
    if(!request.url().startsWith(baseURL) && !request.url().startsWith('data:')) {
      faults.push(`request to ${request.url()}`);
    }
  });
  page.on('requestfailed', request => {
    // The browser itself gives up what a page has not finished when it is left.
    if(request.failure()?.errorText !== 'net::ERR_ABORTED' || !request.url().startsWith(`${baseURL}/assets/`)) {
      faults.push(`failed: ${request.url()}: ${request.failure()?.errorText}`);
    }
  });
  page.on('response', response => {
    const policy = response.headers()['content-security-policy'] ?? '';
    const scripts = new URL(response.url()).pathname === '/' ? "script-src 'self'" : undefined; // the start page alone has one
    const named = policy.split(/;\s*/).find(part => part.startsWith('script-src'));
    const strict = policy.includes("default-src 'none'") && named === scripts && !policy.includes('unsafe');
    if(response.request().isNavigationRequest() && response.ok() && !strict) {
      faults.push(`the policy of ${response.url()} is ${policy}`);
    }
    if(response.status() >= 400) {
      faults.push(`${response.status()} for ${response.url()}`);
    }
  });
  page.on('console', message => faults.push(`console: ${message.text()}`));
  page.on('pageerror', error => faults.push(`error: ${error.message}`));
  await page.goto(baseURL + address, {waitUntil: 'load'});
  return {page, faults, close: () => context.close()};
}

// picture keeps what a page looks like, for whoever asks for it by PICTURES=1:
// no test looks at it, and drawing takes longer than loading.
export const picture = async (page, options) => {
  if(process.env.PICTURES) {
    await page.screenshot(options);
  }
};

// fits demands that nothing sticks out to the side.
export async function fits(page, what) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${what}: ${content} pixels of content in ${window}`);
}
