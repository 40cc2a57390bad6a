// SCORM 1.2 from the page's side: finds the system's API and speaks to it; silent where there is none.
var coursefs = (function () {
  'use strict';
  var api = null, open = false, started = 0, exit = '';
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
  function call(name, first, second) {
    try { return String(second === undefined ? api[name](first) : api[name](first, second)); } catch (error) { return ''; }
  }
  function two(number) { return (number < 10 ? '0' : '') + number; }
  function span(milliseconds) {
    var all = Math.min(Math.max(0, Math.round(milliseconds / 10)), 3599999999);
    return ('000' + Math.floor(all / 360000)).slice(-4) + ':' + two(Math.floor(all / 6000) % 60) + ':' +
      two(Math.floor(all / 100) % 60) + '.' + two(all % 100);
  }
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
  function writable() {
    var mode = get('cmi.core.lesson_mode'), status = get('cmi.core.lesson_status');
    return open && mode !== 'review' && mode !== 'browse' && status !== 'passed' && status !== 'completed';
  }
  // The time goes last and without a commit after it: some systems add it up at every commit.
  function end() {
    if (!open) return;
    set('cmi.core.exit', exit);
    set('cmi.core.session_time', span(Date.now() - started));
    call('LMSFinish', '');
    open = false;
  }
  function page() {
    if (begin() && writable() && set('cmi.core.lesson_status', 'completed')) commit();
  }
  window.addEventListener('pagehide', end);
  window.addEventListener('beforeunload', end);
  document.addEventListener('visibilitychange', function () { if (document.visibilityState === 'hidden') commit(); });
  return { page: page, begin: begin, end: end, get: get, set: set, commit: commit, writable: writable, span: span,
    exit: function (value) { exit = value; } };
})();
