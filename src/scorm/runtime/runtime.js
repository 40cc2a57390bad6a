// SCORM 1.2 from the page's side: finds the system's API and speaks to it; silent where there is none.
var coursefs = (function () {
  'use strict';
  var api = null, open = false, started = 0, exit = '', last = null;
  function climb(frame) {
    for (var step = 0; frame && step < 500; step++) {
      try {
        if (frame.API && frame.API.LMSInitialize) return frame.API;
        if (frame.parent === frame) return null;
        frame = frame.parent;
      } catch (error) { return null; }
    }
    return null;
  }
  function find() {
    var found = window.parent !== window ? climb(window.parent) : null;
    try { if (!found && window.opener) found = climb(window.opener); } catch (error) { /* another origin */ }
    try { if (!found && window.top.opener) found = climb(window.top.opener); } catch (error) { /* another origin */ }
    return found;
  }
  // A call that fails must not stop the rest.
  function call(name, first, second) {
    try { return String(second === undefined ? api[name](first) : api[name](first, second)); } catch (error) { return ''; }
  }
  function two(number) { return (number < 10 ? '0' : '') + number; }
  function span(milliseconds) {
    var all = Math.min(Math.max(0, Math.round(milliseconds / 10)), 3599999999);
    return ('000' + Math.floor(all / 360000)).slice(-4) + ':' + two(Math.floor(all / 6000) % 60) + ':' +
      two(Math.floor(all / 100) % 60) + '.' + two(all % 100);
  }
  function clock(date) { return two(date.getHours()) + ':' + two(date.getMinutes()) + ':' + two(date.getSeconds()); }
  function get(element) { return open ? call('LMSGetValue', element) : ''; }
  function set(element, value) { return open && call('LMSSetValue', element, String(value)) === 'true'; }
  function commit() { return open && call('LMSCommit', '') === 'true'; }
  function begin() {
    if (open) return true;
    started = Date.now();
    api = find();
    open = !!api && call('LMSInitialize', '') === 'true';
    return open;
  }
  // Whether the system keeps what it is told: not while somebody only looks.
  function recording() {
    var mode = get('cmi.core.lesson_mode');
    return open && mode !== 'review' && mode !== 'browse';
  }
  // Tells the status, never a lower one than there is.
  function status(value) {
    var now = get('cmi.core.lesson_status');
    var lower = now === 'passed' || (now === 'completed' && value !== 'passed') || (now === 'failed' && value === 'incomplete');
    return recording() && !lower && set('cmi.core.lesson_status', value);
  }
  // The time goes last and without a commit after it: some systems add it up at every commit.
  function end() {
    if (!open) return;
    if (last) last();
    set('cmi.core.exit', exit);
    set('cmi.core.session_time', span(Date.now() - started));
    call('LMSFinish', '');
    open = false;
  }
  function save() { if (last && open) last(); commit(); }
  function page() {
    if (begin() && status('completed')) commit();
  }
  window.addEventListener('pagehide', end);
  // Downloads and mail links raise it, too, though the page stays.
  window.addEventListener('beforeunload', save);
  document.addEventListener('visibilitychange', function () { if (document.visibilityState === 'hidden') save(); });
  return { page: page, begin: begin, end: end, get: get, set: set, commit: commit, recording: recording, status: status, span: span, clock: clock,
    exit: function (value) { exit = value; }, leaving: function (then) { last = then; } };
})();
