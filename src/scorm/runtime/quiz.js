// The page of a test: shows its questions, collects answers, keeps them with the system, reports the result.
// What answers are worth is in score.js. The page holds the test as JSON (#test) and its texts as templates.
(function () {
  'use strict';
  const C = coursefs, S = C.score;
  const test = JSON.parse(document.getElementById('test').textContent), T = test.strings;
  const stage = document.getElementById('stage'), live = document.getElementById('live');
  let state, drawn, timer, shown = 0, touched = {}, cards = [];

  const say = (text) => { live.textContent = text; };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const number = (value) => String(Math.round(value * 100) / 100).replace('.', T.comma);
  // An element; attributes that are functions are listeners, `false` and `null` leave out.
  function el(tag, attributes, ...inside) {
    const made = document.createElement(tag);
    Object.entries(attributes || {}).forEach(([name, value]) => {
      if (typeof value === 'function') made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
    });
    made.append(...inside.filter((part) => part !== null && part !== undefined && part !== false));
    return made;
  }
  // A text of the test in an element of its own; null if there is none.
  function text(name, tag, style) {
    const template = document.getElementById(name);
    return template ? el(tag || 'div', { class: 'text ' + (style || '') }, document.importNode(template.content, true)) : null;
  }
  const button = (label, click, style) => el('button', { type: 'button', class: style || '', click }, label);

  // --- what is kept ---
  const fresh = (attempt) => ({ test: test.id, seed: Math.floor(Math.random() * 4294967296), attempt, at: 0, said: [], checked: [], left: test.minutes * 60, done: 0 });
  function keep(commit) {
    if (!C.recording()) return;
    C.set('cmi.suspend_data', S.pack(state));
    C.set('cmi.core.lesson_location', state.done ? 'result' : String(state.at + 1));
    if (commit) C.commit();
  }
  const answered = (index) => S.answered(question(index), state.said[index]);
  const question = (index) => test.questions[drawn[index].number];
  const asks = (index) => question(index).kind !== 'text';
  function respond(index, value) {
    state.said[index] = value;
    touched[index] = new Date();
    keep(false);
  }

  // --- controls, one function for each kind of question ---
  // Each appends to `card` and gives back the elements of its rows, for marks, and how to say what is right.
  const label = (index) => LETTERS[index] || String(index + 1);
  const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
  const controls = {
    choice(card, q, one, index) {
      if (q.list) return controls.list(card, q, one, index);
      const said = state.said[index] || [], box = el('div', { class: 'rows' });
      const rows = [];
      one.order.forEach((row) => {
        const input = el('input', { type: q.many ? 'checkbox' : 'radio', name: 'q' + index, value: row, checked: said.includes(row), change: () => {
          respond(index, [...box.querySelectorAll('input:checked')].map((each) => +each.value));
        } });
        rows[row] = el('label', { class: 'row' }, input, text(id(one, 'a', row)));
        box.append(rows[row]);
      });
      card.append(box);
      return { rows };
    },
    // A menu from which answers are put into a list, one after the other.
    list(card, q, one, index) {
      const said = (state.said[index] || []).slice(), rows = [], names = [], box = el('ul', { class: 'rows' });
      const put = (row, add) => {
        if (add) said.push(row); else said.splice(said.indexOf(row), 1);
        respond(index, said.slice());
        paint();
        menu.focus();
      };
      const menu = el('select', { 'aria-label': T.answer, change: () => menu.value && put(+menu.value, true) });
      one.order.forEach((row) => {
        const name = text(id(one, 'a', row)), drop = button('✕', () => put(row, false), 'icon');
        names[row] = short(name);
        drop.setAttribute('aria-label', T.remove + ': ' + names[row]);
        rows[row] = el('li', { class: 'row' }, name, drop);
        box.append(rows[row]);
      });
      const paint = () => {
        rows.forEach((item, row) => { item.hidden = !said.includes(row); });
        menu.replaceChildren(el('option', { value: '' }, T.choose), ...one.order.filter((row) => !said.includes(row)).map((row) => el('option', { value: row }, names[row])));
      };
      paint();
      card.append(menu, box);
      return { rows };
    },
    statements(card, q, one, index) {
      const said = (state.said[index] || []).slice(), rows = [], sure = q.kind === 'certainty';
      one.order.forEach((row) => {
        const now = sure ? said[row] || [] : [said[row]], put = (place, value) => {
          if (sure) { said[row] = (said[row] || []).slice(); said[row][place] = value; } else said[row] = value;
          respond(index, Array.from(said, (each) => (each === undefined ? null : each)));
        };
        rows[row] = el('fieldset', { class: 'row statement' }, el('legend', {}, text(id(one, 'a', row))),
          el('div', { class: 'pick' }, ...q.names.map((name, value) => el('label', {},
            el('input', { type: 'radio', name: 'q' + index + '_' + row, value, checked: now[0] === value, change: () => put(0, value) }), name))),
          sure && el('label', { class: 'degree' }, T.degree, select([50, 60, 70, 80, 90, 100].map((part) => part + ' %'), now[1], (value) => put(1, value))));
        card.append(rows[row]);
      });
      return { rows, right: (row) => q.names[q.rows[row].right] };
    },
    certainty: (...all) => controls.statements(...all),
    blanks(card, q, one, index) {
      const said = (state.said[index] || []).slice(), rows = [], box = text(id(one, 't'));
      box.querySelectorAll('[data-blank]').forEach((place) => {
        const row = +place.dataset.blank, blank = q.rows[row], name = fill(T.blank, { n: row + 1 });
        if (!blank) return;
        const put = (value) => { said[row] = value; respond(index, Array.from(said, (each) => each || '')); };
        const input = blank.menu ? select(one.menus[row], one.menus[row].indexOf(said[row]), (value) => put(value === null ? '' : one.menus[row][value]))
          : el('input', { type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', value: said[row] || '', input: (event) => put(event.target.value) });
        input.setAttribute('aria-label', name);
        if (!blank.menu) input.style.width = blank.size + 'px';
        place.append(input);
        rows[row] = place;
      });
      card.append(box);
      return { rows, right: (row) => q.rows[row].accept[0] };
    },
    number(card, q, one, index) {
      const box = text(id(one, 'a', one.variant)), place = box.querySelector('[data-blank]') || box.appendChild(el('span'));
      place.append(el('input', { type: 'text', inputmode: 'decimal', autocomplete: 'off', 'aria-label': T.answer, value: (state.said[index] || [''])[0],
        input: (event) => respond(index, [event.target.value]) }));
      card.append(box);
      return { rows: [place], right: () => q.rows[one.variant].result };
    },
    match(card, q, one, index) {
      const said = (state.said[index] || []).slice(), rows = [], list = el('ol', { class: 'options' + (q.drag ? ' chips' : '') });
      const names = one.order.map((option, place) => label(place) + '. ' + short(text(id(one, 'o', option))));
      one.order.forEach((option) => list.append(el('li', { 'data-option': option }, text(id(one, 'o', option)))));
      q.rows.forEach((_, row) => {
        const put = (place) => {
          said[row] = place === null ? null : one.order[place];
          respond(index, Array.from(q.rows, (__, each) => (said[each] === undefined ? null : said[each])));
        };
        const choose = select(names, one.order.indexOf(said[row]), put), prompt = text(id(one, 'a', row));
        choose.setAttribute('aria-label', short(prompt));
        rows[row] = el('div', { class: 'row pair' }, prompt, choose);
        rows[row].choose = (option) => { choose.value = one.order.indexOf(option); choose.dispatchEvent(new Event('change')); };
      });
      const pairs = el('div', { class: 'rows' }, ...rows);
      if (q.drag) drags(list, 'li', (chip, over) => { const row = over.closest('.pair'); if (row && pairs.contains(row)) row.choose(+chip.dataset.option); });
      card.append(list, pairs);
      return { rows, right: (row) => names[one.order.indexOf(q.rows[row].right)] };
    },
    order(card, q, one, index) {
      const said = state.said[index], list = el('ol', { class: 'rows order' + (q.across ? ' across' : '') }), rows = [];
      const first = said ? q.rows.map((_, row) => row).sort((a, b) => said[a] - said[b]) : one.order;
      const store = () => {
        const places = [];
        [...list.children].forEach((item, place) => { places[item.dataset.row] = place; });
        respond(index, places);
      };
      const move = (item, step) => {
        const to = step < 0 ? item.previousElementSibling : item.nextElementSibling;
        if (!to) return;
        if (step < 0) to.before(item); else to.after(item);
        store();
        say(fill(T.moved, { n: [...list.children].indexOf(item) + 1 }));
      };
      first.forEach((row) => {
        const name = text(id(one, 'a', row)), item = el('li', { class: 'row', 'data-row': row }, name);
        const arrow = (sign, words, step) => { const b = button(sign, () => { move(item, step); b.focus(); }, 'icon'); b.setAttribute('aria-label', words + ': ' + short(name)); return b; };
        item.append(el('span', { class: 'arrows' }, arrow('▲', T.up, -1), arrow('▼', T.down, 1)));
        rows[row] = item;
        list.append(item);
      });
      drags(list, 'li', (item, over) => {
        const to = over.closest('li');
        if (!to || to === item || !list.contains(to)) return;
        const all = [...list.children];
        if (all.indexOf(item) < all.indexOf(to)) to.after(item); else to.before(item);
        store();
      });
      card.append(el('p', { class: 'hint' }, T.orderHint), list);
      return { rows, right: (row) => fill(T.place, { n: q.rows[row].right + 1 }) };
    },
    spots(card, q, one, index) {
      const line = q.kind === 'outline', said = (state.said[index] || []).slice(), rows = [], list = el('div', { class: 'rows' });
      let active = Math.max(0, q.rows.findIndex((_, row) => !said[row]));
      const image = picture(one), map = svg('svg', { class: 'map', tabindex: 0, role: 'application', 'aria-label': line ? T.lineHint : T.spotHint });
      const cursor = { x: 0, y: 0, on: false };
      const put = () => { respond(index, Array.from(said, (point) => point || null)); paint(); };
      const place = (x, y) => {
        const point = [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
        if (line) said.push(point);
        else {
          said[active] = point;
          say(fill(T.placed, { n: active + 1 }));
          const next = q.rows.findIndex((_, row) => !said[row]);
          if (next >= 0) active = next;
        }
        put();
      };
      function paint() {
        const size = Math.max(image.naturalWidth, image.naturalHeight) || 100, r = size / 45;
        map.setAttribute('viewBox', '0 0 ' + (image.naturalWidth || 100) + ' ' + (image.naturalHeight || 100));
        map.replaceChildren();
        if (line && said.length) map.append(svg('polygon', { points: said.join(' '), 'stroke-width': r / 3 }));
        if (card.dataset.marked && q.rows.some((zone) => zone.show)) q.rows.forEach((zone) => map.append(outline(zone, r)));
        said.forEach((point, row) => {
          if (!point) return;
          map.append(svg('circle', { cx: point[0], cy: point[1], r: line ? r / 2 : r, class: 'dot' }));
          if (!line) { const n = svg('text', { x: point[0], y: point[1], 'font-size': r * 1.3 }); n.textContent = row + 1; map.append(n); }
        });
        if (cursor.on) map.append(svg('path', { d: 'M' + (cursor.x - r) + ' ' + cursor.y + 'h' + 2 * r + 'M' + cursor.x + ' ' + (cursor.y - r) + 'v' + 2 * r, class: 'cross', 'stroke-width': r / 4 }));
        rows.forEach((row, each) => {
          if (line) return;
          row.classList.toggle('active', each === active);
          row.setAttribute('aria-pressed', each === active);
          row.querySelector('.status').textContent = said[each] ? '✓' : '';
        });
      }
      map.addEventListener('click', (event) => {
        const frame = map.getBoundingClientRect();
        if (card.dataset.marked || !frame.width) return;
        cursor.on = false;
        place(((event.clientX - frame.left) * image.naturalWidth) / frame.width, ((event.clientY - frame.top) * image.naturalHeight) / frame.height);
      });
      map.addEventListener('keydown', (event) => {
        const step = (event.shiftKey ? 0.005 : 0.03) * image.naturalWidth, to = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (card.dataset.marked || (!to && !/^(Enter| |Backspace)$/.test(event.key))) return;
        event.preventDefault();
        if (!cursor.on) Object.assign(cursor, { x: image.naturalWidth / 2, y: image.naturalHeight / 2, on: true });
        if (to) {
          cursor.x = Math.min(image.naturalWidth, Math.max(0, cursor.x + to[0] * step));
          cursor.y = Math.min(image.naturalHeight, Math.max(0, cursor.y + to[1] * step));
          say(fill(T.at, { x: Math.round((100 * cursor.x) / image.naturalWidth), y: Math.round((100 * cursor.y) / image.naturalHeight) }));
          paint();
        } else if (event.key === 'Backspace') { if (line) { said.pop(); put(); } } else place(cursor.x, cursor.y);
      });
      q.rows.forEach((_, row) => {
        rows[row] = line ? el('div', { class: 'row' }, text(id(one, 'a', row)))
          : el('button', { type: 'button', class: 'row', click: () => { active = row; paint(); } }, el('b', {}, row + 1 + '. '), text(id(one, 'a', row), 'span'), el('span', { class: 'status' }));
        list.append(rows[row]);
      });
      image.addEventListener('load', paint);
      card.append(el('p', { class: 'hint' }, line ? T.lineHint : T.spotHint), list, el('div', { class: 'picture' }, image, map));
      if (line) card.append(button(T.clear, () => { said.length = 0; put(); }));
      paint();
      return { rows, reveal: (expected) => { q.rows.forEach((zone) => { zone.show = expected; }); paint(); } };
    },
    outline: (...all) => controls.spots(...all),
    open(card, q, one, index) {
      if (picture(one)) card.append(picture(one));
      card.append(el('textarea', { rows: 5, 'aria-label': T.answer, maxlength: 2000, input: (event) => respond(index, [event.target.value]) }, (state.said[index] || [''])[0]),
        el('p', { class: 'hint' }, T.unscored));
      return { rows: [] };
    },
    text: () => ({ rows: [] }),
  };
  const id = (one, what, row) => 'q' + one.number + what + (row === undefined ? '' : row);
  const short = (node) => { const words = node ? node.textContent.replace(/\s+/g, ' ').trim() : ''; const image = node && node.querySelector('img');
    return (words || (image && image.alt) || '').slice(0, 70); };
  const svg = (tag, attributes) => { const made = document.createElementNS('http://www.w3.org/2000/svg', tag); Object.entries(attributes).forEach((pair) => made.setAttribute(...pair)); return made; };
  function outline(zone, r) {
    const [x, y, w, h] = zone.at, more = { class: 'zone', 'stroke-width': r / 4 };
    if (zone.shape === 'square') return svg('rect', Object.assign({ x, y, width: w, height: h }, more));
    if (zone.shape === 'circle') return svg('ellipse', Object.assign({ cx: x, cy: y, rx: w, ry: h }, more));
    return svg('polygon', Object.assign({ points: zone.at.join(' ') }, more));
  }
  const picture = (one) => { const made = text(id(one, 'p')); return made && made.querySelector('img'); };
  // A menu that begins with "choose"; `put` gets the place of what was chosen, or null.
  function select(names, chosen, put) {
    const menu = el('select', { change: () => put(menu.value === '' ? null : +menu.value) }, el('option', { value: '' }, T.choose),
      ...names.map((name, place) => el('option', { value: place }, name)));
    menu.value = chosen >= 0 ? String(chosen) : '';
    return menu;
  }
  // Lets people drag things of a list with mouse or finger; buttons and menus do the same by keyboard.
  function drags(list, what, drop) {
    list.addEventListener('pointerdown', (event) => {
      const item = event.target.closest(what);
      if (!item || event.target.closest('button,a,audio,video') || list.closest('[data-marked]')) return;
      const x = event.clientX, y = event.clientY;
      const move = (to) => { item.classList.add('dragged'); item.style.transform = 'translate(' + (to.clientX - x) + 'px,' + (to.clientY - y) + 'px)'; };
      const end = (to) => {
        ['pointermove', 'pointerup', 'pointercancel'].forEach((name) => document.removeEventListener(name, name === 'pointermove' ? move : end));
        const over = to.type === 'pointerup' && item.classList.contains('dragged') && document.elementFromPoint(to.clientX, to.clientY);
        item.classList.remove('dragged');
        item.style.transform = '';
        if (over) drop(item, over);
      };
      event.preventDefault();
      document.addEventListener('pointermove', move);
      document.addEventListener('pointerup', end);
      document.addEventListener('pointercancel', end);
    });
  }

  // --- cards ---
  function card(index) {
    const one = drawn[index], q = question(index), made = el('fieldset', { class: 'card kind-' + q.kind });
    const counted = drawn.slice(0, index + 1).filter((each, place) => asks(place)).length;
    made.append(el('legend', {}, asks(index) && el('span', { class: 'count' }, fill(T.question, { n: counted })), !test.titles || text(id(one, ''), 'span', 'title')));
    if (q.media !== undefined && q.media !== null) made.append(text('q' + q.media + 'd', 'div', 'media') || text('q' + q.media, 'div', 'media'));
    [text(id(one, 'd')), q.kind === 'spots' || q.kind === 'outline' || q.kind === 'open' ? null : picture(one)].forEach((part) => part && made.append(part));
    const made_ = controls[q.kind](made, q, one, index);
    cards[index] = Object.assign(made_, { card: made });
    if (state.checked[index] || state.done) reveal(index);
    return made;
  }
  // Shows what was right, what was not, and what the author says of it.
  function reveal(index) {
    const { card: made, rows, right, reveal: more } = cards[index], q = question(index), one = drawn[index];
    const marked = S.mark(q, state.said[index], one.variant), shows = results(), said = state.said[index] || [];
    const expected = shows.expected || (test.each && test.result.expected !== 'never');
    made.dataset.marked = 'yes';
    made.querySelectorAll('input,select,textarea,button').forEach((input) => { input.disabled = true; });
    if (more) more(expected);
    if (!S.scored(q)) return;
    rows.forEach((row, each) => {
      const ticked = q.kind !== 'choice' || said.includes(each), fine = q.kind === 'choice' ? q.rows[each].right : marked.parts[each];
      if (q.list) row.hidden = !ticked && !(fine && expected);
      if (ticked) { row.classList.add(fine ? 'right' : 'wrong'); row.append(el('span', { class: 'mark' }, (fine ? '✓ ' : '✗ ') + (fine ? T.right : T.wrong))); }
      else if (fine && expected) { row.classList.add('missed'); row.append(el('span', { class: 'mark' }, T.expected)); }
      if (!fine && ticked && expected && right) row.append(el('span', { class: 'mark expected' }, T.expected + T.colon + right(each)));
      const comment = test.result.comments && (ticked || expected) && text(id(one, 'c', q.kind === 'number' ? one.variant : each), 'div', 'comment');
      if (comment) (q.kind === 'blanks' || q.kind === 'number' ? made : row).append(comment);
    });
    const overall = test.result.comments && q.kind === 'blanks' && text(id(one, 'c'), 'div', 'comment');
    if (overall) made.append(overall);
    if (results().score || test.each) made.append(el('p', { class: 'points ' + marked.verdict }, fill(T.points, { points: number(test.negative ? marked.points : Math.max(0, marked.points)), max: number(marked.max) })));
  }

  // --- screens ---
  function screen(heading, focus, ...parts) {
    const title = el('h2', { tabindex: -1 }, heading);
    stage.replaceChildren(title, ...parts.filter(Boolean));
    if (focus) { title.focus(); window.scrollTo(0, 0); }
    shown = Date.now();
  }
  const last = () => test.attempts > 0 && state.attempt >= test.attempts;
  // What the result may tell: always, never, or once there is no further attempt.
  function results() {
    const may = (rule) => rule === 'always' || (rule === 'last' && state.done && (last() || !test.attempts));
    return { score: may(test.result.score), expected: may(test.result.expected) };
  }
  const facts = () => el('ul', { class: 'facts' }, ...[
    fill(T.questions, { n: drawn.filter((_, index) => asks(index)).length }),
    test.minutes > 0 && fill(T.minutes, { n: test.minutes }),
    test.attempts > 0 && fill(T.attempt, { n: Math.min(state.attempt, test.attempts), of: test.attempts }),
    mastery() !== null && fill(T.passMark, { n: number(mastery()) }),
  ].filter(Boolean).map((fact) => el('li', {}, fact)));
  function about(focus) {
    screen(T.about, focus, text('about'), facts(), el('div', { class: 'bar' }, button(T.start, () => { begin(); }, 'primary')));
  }
  function begin() {
    state.started = 1;
    clock();
    questions(true);
  }
  const pages = () => (test.page === 'all' ? [drawn.map((_, index) => index)] : drawn.map((_, index) => [index]));
  function questions(focus) {
    const all = pages(), at = (state.at = Math.min(state.at, all.length - 1)), here = all[at], whole = all.length > 1;
    const missing = here.filter((index) => test.each && asks(index) && !state.checked[index]);
    const go = (step) => () => { state.at = at + step; keep(true); questions(true); };
    const check = () => {
      missing.forEach((index) => { state.checked[index] = 1; });
      keep(true);
      questions(false);
      say(here.map((index) => S.mark(question(index), state.said[index], drawn[index].variant).verdict).map((verdict) => ({ correct: T.right, wrong: T.wrong, neutral: T.unscored })[verdict]).join(' '));
    };
    const end = at + 1 >= all.length;
    const bar = el('div', { class: 'bar' }, whole && at > 0 && test.back && button(T.previous, go(-1)), el('span', { class: 'room' }),
      missing.length ? button(T.check, check, 'primary') : end ? button(T.finish, confirm, 'primary') : button(T.next, go(1), 'primary'));
    screen(whole ? fill(T.page, { n: at + 1, of: all.length }) : T.questionsHead, focus,
      whole && el('progress', { value: at + 1, max: all.length, 'aria-label': fill(T.page, { n: at + 1, of: all.length }) }), ...here.map(card), bar);
    keep(false);
  }
  function confirm() {
    const open = drawn.map((_, index) => index).filter((index) => asks(index) && !answered(index) && question(index).kind !== 'order');
    if (!open.length && !test.review) return finish(false);
    const names = open.map((index) => {
      const b = button(fill(T.question, { n: drawn.slice(0, index + 1).filter((_, place) => asks(place)).length }), () => { state.at = test.page === 'all' ? 0 : index; questions(true); });
      b.disabled = !test.back && test.page !== 'all';
      return el('li', {}, b);
    });
    screen(T.finish, true, el('p', {}, open.length ? T.unanswered : T.sure), open.length && el('ul', { class: 'unanswered' }, ...names),
      el('div', { class: 'bar' }, (test.back || test.page === 'all') && button(T.goBack, () => questions(true)), el('span', { class: 'room' }), button(T.submit, () => finish(false), 'primary')));
  }
  const mastery = () => { const told = parseFloat(C.get('cmi.student_data.mastery_score')); return told >= 0 && told <= 100 ? told : test.pass; };
  function finish(expired) {
    clearInterval(timer);
    // A list that was left as it was drawn is an answer, too.
    drawn.forEach((one, index) => {
      if (question(index).kind === 'order' && !state.said[index]) state.said[index] = one.order.map((_, row) => one.order.indexOf(row));
    });
    state.done = 1;
    const total = S.total(test, drawn, state.said), verdict = S.passes(total.percent, mastery());
    if (C.recording()) {
      report(total);
      // The best attempt counts: systems with a pass mark would take back what was passed.
      const before = parseFloat(C.get('cmi.core.score.raw'));
      if (total.percent !== null && !(before > total.percent)) {
        C.set('cmi.core.score.min', 0); C.set('cmi.core.score.max', 100); C.set('cmi.core.score.raw', total.percent);
      }
      C.status(verdict);
      C.exit(test.attempts > 0 ? 'suspend' : expired ? 'time-out' : '');
      keep(true);
    }
    result(total, verdict, expired);
  }
  function report(total) {
    let n = parseInt(C.get('cmi.interactions._count'), 10);
    if (isNaN(n)) return;
    drawn.forEach((one, index) => S.interactions(question(index), state.said[index], total.marks[index], one.variant).forEach((entry) => {
      const path = 'cmi.interactions.' + n + '.', set = (name, value) => value === '' || C.set(path + name, value);
      if (!set('id', entry.id)) return;
      set('type', entry.type);
      set('time', C.clock(touched[index] || new Date()));
      set('weighting', Math.max(-100, Math.min(100, entry.weighting)));
      set('student_response', entry.response);
      set('correct_responses.0.pattern', entry.pattern);
      set('result', entry.result);
      n++;
    }));
  }
  function result(total, verdict, expired) {
    const shows = results(), passed = verdict !== 'failed', judged = mastery() !== null && total.percent !== null;
    const review = test.result.review && drawn.map((_, index) => index);
    screen(T.result, true,
      expired && el('p', { class: 'notice' }, T.expired),
      shows.score && total.percent !== null && el('div', { class: 'score ' + verdict },
        el('p', { class: 'big' }, number(total.percent) + ' %'), el('p', {}, fill(T.points, { points: number(total.points), max: number(total.max) })),
        el('progress', { value: total.percent, max: 100, 'aria-label': T.result })),
      shows.score && judged && el('p', { class: 'verdict ' + verdict }, passed ? T.passed : T.failed),
      total.marks.some((mark) => mark.verdict === 'neutral') && drawn.some((_, index) => question(index).kind === 'open') && el('p', { class: 'hint' }, T.someUnscored),
      (!passed && text('failed')) || text('passed') || (!shows.score && el('p', {}, T.thanks)),
      !last() && el('div', { class: 'bar' }, el('span', { class: 'room' }), button(T.again, () => {
        state = fresh(state.attempt + 1);
        drawn = S.draw(test, state.seed);
        if (C.recording()) C.exit('suspend');
        about(true);
      })),
      review && el('h3', {}, T.answers));
    if (review) stage.append(...review.map(card));
  }

  // --- time ---
  function clock() {
    const box = document.getElementById('clock');
    clearInterval(timer);
    if (!(test.minutes > 0)) return;
    const end = Date.now() + state.left * 1000;
    const tick = () => {
      const left = (state.left = Math.max(0, Math.round((end - Date.now()) / 1000)));
      box.textContent = Math.floor(left / 60) + ':' + ('0' + (left % 60)).slice(-2);
      box.classList.toggle('short', left <= 60);
      if (left === 300 || left === 60) say(fill(T.minutes, { n: left / 60 }));
      if (left % 30 === 0) keep(false);
      if (left <= 0) { clearInterval(timer); finish(true); }
    };
    tick();
    if (!state.done) timer = setInterval(tick, 1000);
  }

  // --- start ---
  C.begin();
  const kept = S.unpack(C.get('cmi.suspend_data'), test.id);
  state = kept || fresh(1);
  drawn = S.draw(test, state.seed);
  if (kept && kept.done) {
    const total = S.total(test, drawn, state.said);
    C.exit(test.attempts > 0 ? 'suspend' : '');
    result(total, S.passes(total.percent, mastery()), false);
  } else {
    if (C.recording()) { C.status('incomplete'); C.exit('suspend'); }
    if (kept && kept.started) { clock(); if (!state.done) { questions(false); stage.prepend(el('p', { class: 'notice' }, T.resumed)); } }
    else { about(false); keep(true); }
  }
  C.leaving(() => keep(false));
})();
