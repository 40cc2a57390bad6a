// Plays unpacked SCORM 1.2 packages in Chromium against a strict run-time (scorm-again), as plans say.
//
// usage: node play.mjs PACKAGE PLAN.json [PACKAGE PLAN.json ...]
//
// A plan: { "reverse": bool, "only": bool, "sessions": [session, ...] }. A session: { item: title, answers: { part of a question's
// text: what to do }, leave: after how many pages, again: take it once more, keys: to press instead, forward: seconds that
// pass, expect: { ... }, reads, never: what the page says or not, screenshot: name, phone: bool }. Items that no
// session names are opened once and must be completed (not with "only"). Sessions of one item follow each other: the
// system keeps its data. Every screen (of the first session of an item) is held against the rules of WCAG 2.1 (A and AA) by axe-core, but for what
// authors wrote in pages of their own. COURSEFS_SCREENSHOTS names a folder for pictures.
//
// Prints what happened, and ends with 1 if anything is not as expected: a console message, a failed request, one that
// leaves the package, a refused call, a value that differs.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';

// Packages lie where they were installed, not beside this file.
const require = createRequire(path.join(process.env.COURSEFS_BROWSER_MODULES || process.cwd(), 'x'));
const { chromium } = require('playwright-core');
const runtime = fs.readFileSync(require.resolve('scorm-again/scorm12/min'));
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];

const shots = process.env.COURSEFS_SCREENSHOTS, names = process.argv.slice(2), jobs = [];
while (names.length) jobs.push({ folder: path.resolve(names.shift()), plan: JSON.parse(fs.readFileSync(names.shift(), 'utf8')) });
const TYPES = { html: 'text/html', htm: 'text/html', js: 'text/javascript', css: 'text/css', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg',
  gif: 'image/gif', svg: 'image/svg+xml', pdf: 'application/pdf', xml: 'text/xml', txt: 'text/plain', json: 'application/json', mp3: 'audio/mpeg',
  wav: 'audio/wav', ogg: 'audio/ogg', mp4: 'video/mp4', webm: 'video/webm', vtt: 'text/vtt' };

// The system: a strict API with the item's data, whose every call is written down.
const host = `<!DOCTYPE html><meta charset="utf-8"><title>LMS</title><style>body{margin:0}iframe{border:0;width:100vw;height:100vh;display:block}</style>
<script src="/__lms/runtime.js"></script><iframe id="sco" name="sco" title="SCO" allow="autoplay"></iframe><script>
function launch(url, item, kept) {
  var api = new Scorm12API({ autocommit: false, logLevel: 5 }), told = {};
  window.calls = [];
  var core = Object.assign({ student_id: 's1', student_name: 'Doe, Jane', credit: 'credit', lesson_mode: 'normal', entry: 'ab-initio' }, kept.core);
  Object.keys(core).forEach(function (name) { api.cmi.core[name] = core[name]; });
  if (kept.raw !== undefined) { api.cmi.core.score.raw = kept.raw; }
  if (kept.suspend) api.cmi.suspend_data = kept.suspend;
  try {
    if (item.mastery !== null) api.cmi.student_data.mastery_score = item.mastery;
    if (item.most) api.cmi.student_data.max_time_allowed = item.most;
    if (item.launch) api.cmi.launch_data = item.launch;
  } catch (error) { calls.push({ name: 'manifest', value: String(error.message), error: '405', answer: 'false' }); }
  ['LMSInitialize', 'LMSFinish', 'LMSGetValue', 'LMSSetValue', 'LMSCommit'].forEach(function (name) {
    told[name] = function (a, b) {
      var answer = String(b === undefined ? api[name](a) : api[name](a, b));
      calls.push({ name: name, element: a, value: b, answer: answer, error: String(api.LMSGetLastError()) });
      return answer;
    };
  });
  ['LMSGetLastError', 'LMSGetErrorString', 'LMSGetDiagnostic'].forEach(function (name) { told[name] = function (a) { return api[name](a); }; });
  window.API = told;
  window.system = api;
  document.getElementById('sco').src = url;
}</script>`;

const server = http.createServer((request, response) => {
  // Packages lie in folders of their numbers.
  const name = decodeURIComponent(new URL(request.url, 'http://x').pathname), [, number, inside] = /^\/(\d+)\/(.*)$/.exec(name) || [];
  const folder = (jobs[number] || {}).folder || '/dev/null', file = path.join(folder, inside || '');
  response.setHeader('permissions-policy', 'unload=()'); // as Moodle sets it for SCOs
  if (name === '/__lms/') return response.setHeader('content-type', 'text/html').end(host);
  if (name === '/__lms/runtime.js') return response.setHeader('content-type', 'text/javascript').end(runtime);
  if (name === '/favicon.ico') return response.writeHead(204).end();
  if (!file.startsWith(folder + path.sep) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) return response.writeHead(404).end();
  const size = fs.statSync(file).size, range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range || '');
  response.setHeader('content-type', TYPES[name.split('.').pop().toLowerCase()] || 'application/octet-stream');
  response.setHeader('accept-ranges', 'bytes');
  const from = range ? +range[1] : 0, to = range && range[2] ? +range[2] : size - 1;
  if (range) { response.statusCode = 206; response.setHeader('content-range', `bytes ${from}-${to}/${size}`); }
  response.setHeader('content-length', size ? to - from + 1 : 0);
  fs.createReadStream(file, size ? { start: from, end: to } : {}).pipe(response);
}).listen(0, '127.0.0.1');
await new Promise((done) => server.on('listening', done));
const base = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'], timeout: 180000 });
const page = await browser.newPage({ viewport: { width: 1000, height: 760 } });
page.setDefaultTimeout(20000);
let problems = [], failed = 0, home = base + '/', looking = true;
page.on('response', (response) => { if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`); });
page.on('request', (request) => { if (!request.url().startsWith(home) && !request.url().startsWith(base + '/__lms/') && !/^(data|blob|about|chrome-extension|chrome|chrome-untrusted):/.test(request.url())) problems.push('outside the package: ' + request.url()); });
// A player of sound or video may stop loading as the page goes.
page.on('requestfailed', (request) => { if (request.resourceType() !== 'media' && !/ERR_ABORTED/.test(request.failure().errorText)) problems.push(`failed: ${request.url()} ${request.failure().errorText}`); });
page.on('pageerror', (error) => problems.push('script: ' + error.message));
page.on('console', (message) => { if (/error|warning/.test(message.type())) problems.push(`console ${message.type()}: ${message.text()}`); });
page.on('dialog', (dialog) => { problems.push('dialog: ' + dialog.message()); dialog.dismiss(); });

// What a system shows of a package: its items, with what the manifest tells of them.
const contents = () => page.evaluate(async (home) => {
  const manifest = new DOMParser().parseFromString(await (await fetch(home + 'imsmanifest.xml')).text(), 'text/xml'), ADL = 'http://www.adlnet.org/xsd/adlcp_rootv1p2';
  const resources = new Map([...manifest.getElementsByTagName('resource')].map((resource) => [resource.getAttribute('identifier'), resource]));
  return [...manifest.getElementsByTagName('item')].filter((item) => item.getAttribute('identifierref')).map((item) => {
    const resource = resources.get(item.getAttribute('identifierref'));
    const child = (name) => [...item.children].find((one) => one.localName === name), own = (name) => { const one = child(name); return one && one.namespaceURI === ADL ? one.textContent : null; };
    return { id: item.getAttribute('identifier'), title: child('title').textContent, href: resource && resource.getAttribute('href'), type: resource && resource.getAttributeNS(ADL, 'scormtype'),
      parameters: item.getAttribute('parameters') || '', mastery: own('masteryscore'), most: own('maxtimeallowed'), launch: own('datafromlms') };
  });
}, home);
const expectations = { status: 'core.lesson_status', raw: 'core.score.raw', exit: 'core.exit', location: 'core.lesson_location' };
const memory = new Map();

// What people do, by kind of control. `card` is the frame's locator of one question.
const deeds = {
  async choose(card, texts) { for (const text of texts) await card.locator('label.row', { hasText: text }).locator('input').check(); },
  async pick(card, texts) { for (const text of texts) { const menu = card.locator('select'); await menu.selectOption({ label: text }); await card.locator('li.row:visible', { hasText: text }).waitFor(); } },
  async chooseFirst(card) { await card.locator('label.row:has(img) input').check(); },
  async say(card, text) { await card.locator('textarea, input[type=text]').first().fill(text); },
  async blanks(card, texts) { for (const [place, text] of texts.entries()) { const box = card.locator('[data-blank]').nth(place); (await box.locator('select').count()) ? await box.locator('select').selectOption({ label: text }) : await box.locator('input').fill(text); } },
  async numbers(card, byText) { for (const [part, text] of Object.entries(byText)) if ((await card.textContent()).includes(part)) await card.locator('input[type=text]').fill(text); },
  async statements(card, byText) { for (const [part, option] of Object.entries(byText)) await card.locator('.statement', { hasText: part }).getByText(option, { exact: true }).locator('input').check(); },
  async sure(card, byText) { for (const [part, degree] of Object.entries(byText)) await card.locator('.statement', { hasText: part }).locator('select').selectOption({ label: degree }); },
  async match(card, byText) { for (const [prompt, option] of Object.entries(byText)) { const menu = card.locator('.pair', { hasText: prompt }).locator('select'), names = await menu.locator('option').allTextContents(); await menu.selectOption({ label: names.find((name) => name.includes(option)) }); } },
  // With the mouse: from the chip onto its prompt.
  async drag(card, byText) { for (const [prompt, option] of Object.entries(byText)) await dragged(card.locator('.chips li', { hasText: option }), card.locator('.pair', { hasText: prompt })); },
  // With the keyboard: up until it is where it belongs.
  async order(card, texts) {
    for (const [place, text] of texts.entries()) {
      for (let turn = 0; turn < 50; turn++) {
        const now = await card.locator('.order li').allTextContents(), at = now.findIndex((name) => name.includes(text));
        if (at < 0) throw new Error(`no element ${text}`);
        if (at === place) break;
        await card.locator('.order li').nth(at).locator('button').first().press('Enter');
      }
    }
  },
  async orderByMouse(card, texts) { for (const [place, text] of texts.entries()) { const item = card.locator('.order li', { hasText: text }), target = card.locator('.order li').nth(place); if (!(await target.textContent()).includes(text)) await dragged(item, target); } },
  // Points in pixels of the picture.
  async spots(card, byText) { for (const [zone, point] of Object.entries(byText)) { await card.locator('button.row', { hasText: zone }).click(); await clicked(card, point); } },
  async line(card, points) { for (const point of points) await clicked(card, point); },
  // Steps with the arrow keys from the middle, then Enter.
  async keys(card, list) { const map = card.locator('svg.map'); await map.focus(); for (const key of list) await map.press(key); },
};
async function clicked(card, [x, y]) {
  const image = card.locator('.picture img'), wide = await image.evaluate((one) => one.naturalWidth), box = await image.boundingBox();
  await card.locator('svg.map').click({ position: { x: (x * box.width) / wide, y: (y * box.width) / wide } });
}
async function dragged(from, to) {
  await from.scrollIntoViewIfNeeded();
  await to.scrollIntoViewIfNeeded();
  const a = await from.boundingBox(), b = await to.boundingBox();
  await page.mouse.move(a.x + 12, a.y + a.height / 2);
  await page.mouse.down();
  await page.mouse.move(b.x + 20, b.y + b.height / 2, { steps: 4 });
  await page.mouse.up();
}

// What axe-core finds on the screen; pages of the course in frames are their authors'.
async function examine(frame, where) {
  if (!looking) return;
  if (!(await frame.evaluate(() => !!window.axe))) await frame.evaluate(axe);
  const found = await frame.evaluate((rules) => window.axe.run(document, { runOnly: rules, iframes: false, resultTypes: ['violations'] }).then((result) =>
    result.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)), RULES);
  found.forEach((one) => problems.push(`axe, ${where}: ${one}`));
  if (await frame.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1)) problems.push(`wider than the window, ${where}`);
}
const shoot = async (name) => { if (shots && name) { fs.mkdirSync(shots, { recursive: true }); await page.screenshot({ path: path.join(shots, name + '.png') }); } };

async function take(frame, session) {
  const primary = frame.locator('.bar .primary'), cards = frame.locator('fieldset.card');
  if (session.again) await frame.locator('.bar button').click();
  await examine(frame, 'first screen');
  if (session.start !== false && (await cards.count()) === 0) {
    await shoot(session.screenshot && session.screenshot + '-about');
    await primary.click();
  }
  if (session.forward) await page.clock.fastForward(session.forward * 1000);
  for (let step = 1; ; step++) {
    for (let number = 0; number < (await cards.count()); number++) {
      const card = cards.nth(number), text = await card.textContent();
      const names = Object.keys(session.answers || {}).filter((part) => text.includes(part));
      if (names.length > 1) throw new Error(`several answers for ${text}`);
      for (const [deed, value] of Object.entries((session.answers || {})[names[0]] || {})) await deeds[deed](card, value);
    }
    await shoot(session.screenshot && `${session.screenshot}-${step}`);
    await examine(frame, `screen ${step}`);
    if (session.leave === step) return;
    if ((await primary.count()) === 0) break;
    const before = await frame.locator('#stage').textContent();
    // Checking, finishing, confirming, going on: the one main button of the page.
    await primary.click();
    await frame.waitForFunction((old) => document.getElementById('stage').textContent !== old, before);
    if ((await frame.locator('.bar .primary').count()) === 0) break;
  }
  await examine(frame, 'result');
  await shoot(session.screenshot && session.screenshot + '-result');
}

async function play(item, session) {
  problems = [];
  if (session.fresh) memory.delete(item.id);
  if (session.forward) await page.clock.install();
  const kept = memory.get(item.id) || {}, glue = item.parameters && !/^[?#]/.test(item.parameters) ? '?' : '';
  await page.setViewportSize(session.phone ? { width: 375, height: 700 } : { width: 1000, height: 760 });
  await page.evaluate(([url, one, state]) => launch(url, one, state), [home + item.href + glue + item.parameters, item, kept]);
  if (item.type === 'sco') await page.waitForFunction(() => window.calls.some((call) => call.name === 'LMSInitialize'), null, { timeout: 20000 }).catch(() => problems.push('no LMSInitialize'));
  const frame = page.frame('sco');
  await frame.waitForLoadState('load');
  let said = '';
  try {
    if (session.answers) await take(frame, session);
    else await page.waitForTimeout(session.wait || 200);
    if (session.keys) await frame.evaluate(() => window.focus());
    for (const key of session.keys || []) await page.keyboard.press(key);
    if (!session.answers && item.type === 'sco') await examine(frame, 'page');
    if (session.wait && session.answers) await page.waitForTimeout(session.wait);
    if (!session.answers) await shoot(session.screenshot);
    said = await frame.evaluate(() => document.body.innerText);
    for (const text of session.reads || []) if (!said.includes(text)) problems.push(`the page does not say ${JSON.stringify(text)}: ${JSON.stringify(said.slice(0, 1500))}`);
    for (const text of session.never || []) if (said.includes(text)) problems.push(`the page says ${JSON.stringify(text)}`);
  } catch (error) { problems.push('play: ' + error.message); }
  await page.evaluate(() => { document.getElementById('sco').src = 'about:blank'; });
  await page.waitForFunction(() => document.getElementById('sco').contentWindow.location.href === 'about:blank' && window.calls.every((call) => call.name !== 'LMSInitialize' || window.calls.some((other) => other.name === 'LMSFinish')), null, { timeout: 20000 }).catch(() => {});
  const { calls, cmi } = await page.evaluate(() => ({ calls: window.calls, cmi: JSON.parse(JSON.stringify(window.system.cmi)) }));
  for (const name of ['LMSInitialize', 'LMSFinish']) { const count = calls.filter((call) => call.name === name).length; if (item.type === 'sco' && count !== 1) problems.push(`${name} ${count} times`); }
  calls.filter((call) => call.error !== '0' || (call.name !== 'LMSGetValue' && call.answer !== 'true')).forEach((call) => problems.push('refused: ' + JSON.stringify(call)));
  for (const call of calls) if (call.name === 'LMSSetValue' && call.element === 'cmi.suspend_data' && Buffer.byteLength(call.value) > 4096) problems.push('suspend_data too long');
  // What the page set, since a system may not let it be read again.
  const set = (element) => { const last = calls.filter((call) => call.name === 'LMSSetValue' && call.element === element).pop(); return last ? last.value : undefined; };
  const values = Object.fromEntries(Object.entries(expectations).map(([name, place]) => [name, place.split('.').reduce((value, part) => value && value[part], cmi)]));
  values.exit = set('cmi.core.exit');
  values.interactions = new Set(calls.filter((call) => call.name === 'LMSSetValue' && /^cmi\.interactions\.\d+\.id$/.test(call.element)).map((call) => call.value)).size;
  values.results = calls.filter((call) => call.name === 'LMSSetValue' && /\.result$/.test(call.element)).map((call) => call.value[0]).join('');
  values.responses = calls.filter((call) => call.name === 'LMSSetValue' && /\.student_response$/.test(call.element)).map((call) => call.value).join(' | ');
  for (const [name, expected] of Object.entries(session.expect || { status: 'completed' })) {
    if (String(values[name] ?? '') !== String(expected)) problems.push(`${name} is ${JSON.stringify(values[name] ?? '')}, expected ${JSON.stringify(expected)}`);
  }
  memory.set(item.id, {
    core: { lesson_status: cmi.core.lesson_status, lesson_location: cmi.core.lesson_location || '', entry: values.exit === 'suspend' ? 'resume' : '' },
    raw: cmi.core.score.raw === '' ? undefined : cmi.core.score.raw, suspend: values.exit === 'suspend' ? cmi.suspend_data : '',
  });
  failed += problems.length ? 1 : 0;
  console.log(`${problems.length ? 'FAIL' : 'ok  '} ${item.title} [${session.name || ''}] status=${values.status} raw=${values.raw} exit=${values.exit} results=${values.results} calls=${calls.length} time=${set('cmi.core.session_time')}`);
  problems.forEach((problem) => console.log('     - ' + problem));
}

let played = 0;
for (const [number, { plan }] of jobs.entries()) {
  home = `${base}/${number}/`;
  memory.clear();
  await page.goto(base + '/__lms/');
  const items = await contents(), sessions = plan.sessions || [];
  if (!items.length) { failed++; console.log('FAIL the package has no item'); }
  for (const item of plan.reverse ? items.slice().reverse() : items) {
    const own = sessions.filter((session) => session.item === item.title);
    for (const [turn, session] of (own.length || plan.only ? own : [{ screenshot: plan.screenshot && `${plan.screenshot}-${item.id}` }]).entries()) {
      // The same screens need no second look.
      looking = !plan.reverse && (turn === 0 || session.phone === true);
      await play(item, session);
      played++;
    }
  }
  const idle = sessions.filter((session) => !items.some((item) => item.title === session.item));
  idle.forEach((session) => { failed++; console.log(`FAIL there is no item ${session.item}`); });
}
await browser.close();
server.close();
console.log(`${played} sessions of ${jobs.length} packages, ${failed} failed`);
process.exit(failed ? 1 : 0);
