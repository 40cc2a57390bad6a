// How pages speak to a learning system, as packages have it: a browser's window made of a few objects, and systems that
// write down what they are told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const script = fs.readFileSync(new URL('../../src/scorm/runtime/small/runtime.js', import.meta.url), 'utf8');

function system(data = {}) {
  const calls = [], values = { 'cmi.core.lesson_mode': 'normal', 'cmi.core.lesson_status': 'not attempted', ...data };
  return { calls, values,
    LMSInitialize: () => { calls.push('initialize'); return 'true'; },
    LMSFinish: () => { calls.push('finish'); return 'true'; },
    LMSCommit: () => { calls.push('commit'); return 'true'; },
    LMSGetValue: (name) => values[name] ?? '',
    LMSSetValue: (name, value) => { calls.push(`${name}=${value}`); values[name] = value; return 'true'; } };
}

// A page in a frame of `parent`; `raise` is what the browser tells it.
function page(parent, more = {}) {
  const listeners = {}, listen = (name, then) => { (listeners[name] ||= []).push(then); };
  const document = { addEventListener: listen, visibilityState: 'visible' };
  const window = { addEventListener: listen, document, ...more };
  window.window = window;
  window.parent = parent === null ? window : parent;
  window.top = parent === null ? window : more.top || parent;
  const context = vm.createContext({ window, document, Date, Math, String });
  vm.runInContext(script, context);
  return { coursefs: context.coursefs, document, raise: (name) => (listeners[name] || []).forEach((then) => then()) };
}
const around = (API) => { const frame = { API }; frame.parent = frame; return frame; };

test('a page is completed and committed at once, not when it closes', () => {
  const api = system(), { coursefs } = page(around(api));
  coursefs.page();
  assert.deepEqual(api.calls, ['initialize', 'cmi.core.lesson_status=completed', 'commit']);
});

test('the session ends once, with its time last and no commit after it', () => {
  const api = system(), { coursefs, raise } = page(around(api));
  coursefs.page();
  raise('beforeunload');
  raise('pagehide');
  raise('pagehide');
  const end = api.calls.slice(-3);
  assert.equal(end[0], 'cmi.core.exit=');
  assert.match(end[1], /^cmi\.core\.session_time=0000:00:0\d\.\d\d$/);
  assert.equal(end[2], 'finish');
  assert.equal(api.calls.filter((call) => call === 'finish').length, 1);
});

test('a page that is hidden saves and stays open', () => {
  const api = system(), { coursefs, document, raise } = page(around(api));
  coursefs.page();
  document.visibilityState = 'hidden';
  raise('visibilitychange');
  assert.equal(api.calls.at(-1), 'commit');
});

test('nothing is told in review and browse mode, and a status is never lowered', () => {
  for (const [data, value, told] of [
    [{ 'cmi.core.lesson_mode': 'review' }, 'completed', false],
    [{ 'cmi.core.lesson_mode': 'browse' }, 'passed', false],
    [{ 'cmi.core.lesson_status': 'passed' }, 'failed', false],
    [{ 'cmi.core.lesson_status': 'passed' }, 'completed', false],
    [{ 'cmi.core.lesson_status': 'completed' }, 'incomplete', false],
    [{ 'cmi.core.lesson_status': 'completed' }, 'passed', true],
    [{ 'cmi.core.lesson_status': 'failed' }, 'incomplete', false],
    [{ 'cmi.core.lesson_status': 'failed' }, 'passed', true],
    [{ 'cmi.core.lesson_status': 'incomplete' }, 'failed', true],
  ]) {
    const api = system(data), { coursefs } = page(around(api));
    coursefs.begin();
    coursefs.status(value);
    assert.equal(api.calls.some((call) => call.startsWith('cmi.core.lesson_status')), told, JSON.stringify([data, value]));
  }
});

test('the system is found in any frame around, in the opener, and in the opener of the outermost frame', () => {
  const api = system(), outer = around(api), middle = { parent: outer }, none = {};
  none.parent = none;
  assert.ok(page(middle).coursefs.begin());
  assert.ok(page(null, { opener: around(system()) }).coursefs.begin());
  assert.ok(page(none, { top: { opener: around(system()) } }).coursefs.begin());
});

test('without a system, behind a foreign frame, and with one that fails, pages are silent', () => {
  const foreign = { get API() { throw new Error('another origin'); } };
  for (const parent of [null, around(undefined), foreign]) {
    const { coursefs, raise } = page(parent);
    coursefs.page();
    assert.equal(coursefs.begin(), false);
    assert.equal(coursefs.get('cmi.core.lesson_status'), '');
    raise('pagehide');
  }
  const broken = system();
  broken.LMSSetValue = broken.LMSCommit = () => { throw new Error('broken'); };
  const { coursefs, raise } = page(around(broken));
  coursefs.page();
  raise('pagehide');
  assert.equal(broken.calls.at(-1), 'finish');
});

test('times have the forms of SCORM 1.2', () => {
  const { coursefs } = page(null);
  assert.equal(coursefs.span(0), '0000:00:00.00');
  assert.equal(coursefs.span(3723045), '0001:02:03.05');
  assert.equal(coursefs.span(1e15), '9999:59:59.99');
  assert.equal(coursefs.span(-5), '0000:00:00.00');
  assert.equal(coursefs.clock(new Date(2026, 0, 1, 7, 5, 9)), '07:05:09');
});
