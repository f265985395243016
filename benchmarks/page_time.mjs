/**
 * Opens JupyterLab with and without our front end in turn, then changes the mode and looks when the
 * page shows it; prints one JSON object. Called by page_time.py.
 */
import { createRequire } from 'node:module';

const [withUrl, withoutUrl, token, times, changes] = process.argv.slice(2);
const require = createRequire(new URL('../ui-tests/package.json', import.meta.url));
const { chromium } = require('@playwright/test');

const TIMEOUT = 120_000;

/** Load the page afresh; return milliseconds until JupyterLab says that it is restored. */
async function start(context, url) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  // The main thread's processor time: what other programs do meanwhile does not count.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${url}/lab?token=${token}&reset`, { timeout: TIMEOUT });
  await page.waitForFunction(() => window.jupyterapp !== undefined, undefined, {
    timeout: TIMEOUT
  });
  const wall = await page.evaluate(async () => {
    await window.jupyterapp.restored;
    performance.mark('restored');
    return performance.getEntriesByName('restored')[0].startTime;
  });
  const { metrics } = await session.send('Performance.getMetrics');
  const busy = metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  const ours = await page.evaluate(() =>
    window.jupyterapp.hasPlugin('coursia-genai-lab:panel')
  );
  return { page, wall, busy, ours };
}

/** Set the person's mode; return milliseconds until the status bar says so. */
async function change(page, url, value) {
  const headers = { Authorization: `token ${token}` };
  const before = await page.textContent('.jp-GenAILab-statusItem');
  const seen = page.evaluate(
    old =>
      new Promise(resolve => {
        const look = () => {
          const item = document.querySelector('.jp-GenAILab-statusItem');
          if (item !== null && item.textContent !== old) {
            observer.disconnect();
            resolve(performance.timeOrigin + performance.now());
          }
        };
        const observer = new MutationObserver(look);
        observer.observe(document.body, {
          characterData: true,
          childList: true,
          subtree: true
        });
        window.listening = true;
      }),
    before
  );
  await page.waitForFunction(() => window.listening);
  const began = performance.timeOrigin + performance.now();
  const answer = await page.request.put(`${url}/coursia-genai/api/v1/mode`, {
    headers,
    data: { layer: 'person', value }
  });
  if (!answer.ok()) {
    throw new Error(`the mode was not changed: ${answer.status()}`);
  }
  const shown = await seen;
  await page.evaluate(() => {
    window.listening = false;
  });
  return shown - began;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
});
const ways = { with: withUrl, without: withoutUrl };
const found = { wall: {}, busy: {}, change: [] };
const context = await browser.newContext();
for (let round = 0; round <= Number(times); round += 1) {
  for (const [name, url] of Object.entries(ways)) {
    const { page, wall, busy, ours } = await start(context, url);
    if (ours !== (name === 'with')) {
      throw new Error(`the page ${name} our front end is not what it should be`);
    }
    await page.close();
    if (round > 0) {
      // The first fills the browser's cache.
      (found.wall[name] ??= []).push(wall);
      (found.busy[name] ??= []).push(busy);
    }
  }
}
const { page } = await start(context, withUrl);
await page.waitForSelector('.jp-GenAILab-statusItem', { timeout: TIMEOUT });
for (let n = 0; n < Number(changes); n += 1) {
  found.change.push(await change(page, withUrl, n % 2 ? null : 'off'));
}
await browser.close();
console.log(JSON.stringify(found));
