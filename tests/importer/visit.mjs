// Opens every launch of every package that a learning system imported, in its own player, and tells what it stored.
//
// usage: node visit.mjs IMPORTED.json    (what host.py printed)
//
// Prints JSON: { "<package>": { "<launch>": "<lesson_status>" } }. Ends with 1 if a page raises an error or asks for
// something outside of the system.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(path.join(process.env.COURSEFS_BROWSER_MODULES || process.cwd(), 'x'));
const { chromium } = require('playwright-core');
const { port, imported } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8')), base = `http://127.0.0.1:${port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], timeout: 180000 });
const page = await browser.newPage(), problems = [], stored = {};
page.setDefaultTimeout(30000);
page.on('pageerror', (error) => problems.push(`script: ${error.message}`));
page.on('request', (request) => { if (/^https?:/.test(request.url()) && !request.url().startsWith(base + '/')) problems.push(`outside: ${request.url()}`); });
page.on('response', (response) => { if (response.status() >= 400 && !response.url().endsWith('/favicon.ico')) problems.push(`${response.status()} ${response.url()}`); });
for (const { id, manifest } of imported) {
  stored[id] = {};
  for (const { href } of manifest.launches) {
    const launch = encodeURIComponent(href);
    await page.goto(`${base}/launch/${id}?launch=${launch}`);
    const kept = `${base}/api/scorm/${id}/cmi?launch=${launch}`;
    // The page tells its status at once; the system stores it a moment later.
    for (let turn = 0; turn < 200 && !stored[id][href]; turn++) {
      await page.waitForTimeout(50);
      stored[id][href] = await page.evaluate(async (address) => (await (await fetch(address)).json()).elements['cmi.core.lesson_status'], kept);
    }
  }
}
await browser.close();
problems.forEach((problem) => console.error(problem));
console.log(JSON.stringify(stored));
process.exit(problems.length ? 1 : 0);
