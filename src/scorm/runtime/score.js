// What answers to a test are worth, and how they are told to a learning system: rules only, no page, no system.
// A response is what the page collects for a question: see `kinds`. Runs in browsers and in node.
(function (name, rules) {
  if (typeof module === 'object' && module.exports) module.exports = rules();
  else coursefs[name] = rules();
})('score', function () {
  'use strict';
  const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789', DIGITS = '123456789abcdefghijklmnopqrstuvwxyz0';
  const LIMIT = 4096; // bytes of cmi.suspend_data

  const sum = (list, value) => list.reduce((total, entry, index) => total + (value(entry, index) || 0), 0);
  const round = (number) => Math.round(number * 100) / 100;
  const given = (value) => value !== undefined && value !== null && value !== '';
  const plain = (text) => String(given(text) ? text : '').replace(/\s+/g, ' ').trim();

  // Numbers that follow from a seed (mulberry32), so that an order can be made again from it.
  function random(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6D2B79F5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
  function shuffled(list, next) {
    const result = list.slice();
    for (let i = result.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
  const range = (length) => Array.from({ length }, (_, index) => index);

  // The questions of an attempt: for each its number in the test, the order of its answers, its variation.
  function draw(test, seed) {
    const next = random(seed), rule = test.draw;
    let groups = rule.groups.map((group) => {
      const questions = group.shuffle ? shuffled(group.questions, next) : group.questions;
      return group.take > 0 ? questions.slice(0, group.take) : questions;
    });
    if (rule.shuffle) groups = shuffled(groups, next);
    let questions = [].concat(...groups);
    if (rule.mix) questions = shuffled(questions, next);
    return questions.map((number) => {
      const question = test.questions[number], rows = question.rows || [];
      // Matching offers its right-hand sides, ordering its elements, never in the order that is right.
      const many = question.kind === 'match' ? question.options : rows.length;
      const mixes = /^(match|order)$/.test(question.kind) ||
        (test.shuffle && /^(choice|statements)$/.test(question.kind));
      let order = mixes ? shuffled(range(many), next) : range(many);
      const last = (row) => question.kind === 'choice' && rows[row].last;
      order = order.filter((row) => !last(row)).concat(order.filter(last));
      if (question.kind === 'order' && many > 1 && order.every((row, place) => rows[row].right === place)) order.reverse();
      const menus = rows.map((row) => row.menu && shuffled(row.menu, next));
      return { number, order, menus, variant: question.kind === 'number' ? Math.floor(next() * rows.length) : 0 };
    });
  }

  const inside = {
    square: ([x, y, w, h], px, py) => px >= x && px <= x + w && py >= y && py <= y + h,
    circle: ([x, y, rx, ry], px, py) => rx > 0 && ry > 0 && ((px - x) / rx) ** 2 + ((py - y) / ry) ** 2 <= 1,
    poly: (line, px, py) => {
      let odd = false;
      for (let i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
        const [x, y, u, v] = [line[i], line[i + 1], line[j], line[j + 1]];
        if ((y > py) !== (v > py) && px < ((u - x) * (py - y)) / (v - y) + x) odd = !odd;
      }
      return odd;
    },
  };
  const hits = (zone, point) => !!(point && inside[zone.shape] && inside[zone.shape](zone.at, point[0], point[1]));

  // Shares of the areas of a drawn line and of the right one, in percent of the right one, on a raster.
  function compare(right, drawn) {
    const box = (axis) => {
      const all = right.concat(drawn).filter((_, index) => index % 2 === axis);
      return [Math.min(...all), Math.max(...all)];
    };
    const [x0, x1] = box(0), [y0, y1] = box(1), steps = 200;
    let both = 0, area = 0, excess = 0;
    for (let i = 0; i < steps; i++) {
      for (let j = 0; j < steps; j++) {
        const x = x0 + ((i + 0.5) * (x1 - x0)) / steps, y = y0 + ((j + 0.5) * (y1 - y0)) / steps;
        const r = inside.poly(right, x, y), d = inside.poly(drawn, x, y);
        if (r) area++;
        if (r && d) both++;
        if (d && !r) excess++;
      }
    }
    const share = (count) => (area ? (100 * count) / area : 0);
    return { overlap: share(both), excess: share(excess), missing: area ? 100 - share(both) : 100 };
  }
  const meets = (a, b) => compare(a, b).overlap > 0;

  const number = (text) => (/^[-+]?(\d+[.,]?\d*|[.,]\d+)$/.test(text) ? parseFloat(text.replace(',', '.')) : NaN);
  const fits = (accept, text) => given(plain(text)) && accept.includes(plain(text));

  // Which blanks are right; where the order is free, as many as can be.
  function blanks(rows, texts, free) {
    if (!free) return rows.map((row, index) => fits(row.accept, texts[index]));
    const holder = rows.map(() => -1);
    const place = (text, seen) => rows.some((row, index) => {
      if (seen[index] || !fits(row.accept, texts[text])) return false;
      seen[index] = true;
      if (holder[index] >= 0 && !place(holder[index], seen)) return false;
      holder[index] = text;
      return true;
    });
    rows.forEach((_, text) => place(text, {}));
    return rows.map((_, text) => holder.includes(text));
  }

  const scores = (question, row) => question.scores || [row.points, 0, 0];

  // For each kind: which rows are right, and the points where rows don't simply add theirs up.
  const kinds = {
    // [row, ...] that are ticked
    choice: (question, ticked) => ({
      parts: question.rows.map((row, index) => ticked.includes(index) === row.right),
      points: sum(ticked, (index) => (question.rows[index] || {}).points),
    }),
    // [option or null, ...] by statement; option 2 of three is "don't know"
    statements: (question, chosen) => ({
      parts: question.rows.map((row, index) => chosen[index] === row.right),
      points: sum(question.rows, (row, index) => {
        const [right, wrong, doubt] = scores(question, row);
        return !given(chosen[index]) || chosen[index] === 2 ? doubt : chosen[index] === row.right ? right : wrong;
      }),
    }),
    // [[option or null, degree or null], ...] by statement: without a degree it counts as doubt
    certainty: (question, chosen) => ({
      parts: question.rows.map((row, index) => !!chosen[index] && chosen[index][0] === row.right),
      points: sum(question.rows, (row, index) => {
        const [option, degree] = chosen[index] || [], [right, wrong, doubt] = scores(question, row);
        return !given(option) || !given(degree) ? doubt : option === row.right ? right : wrong;
      }),
    }),
    // [text, ...] by blank
    blanks: (question, texts) => ({ parts: blanks(question.rows, texts, question.free) }),
    // [option or null, ...] by prompt
    match: (question, chosen) => ({ parts: question.rows.map((row, index) => chosen[index] === row.right) }),
    // [place, ...] by element
    order: (question, places) => ({ parts: question.rows.map((row, index) => places[index] === row.right) }),
    // [[x, y] or null, ...] by zone
    spots: (question, points) => ({ parts: question.rows.map((row, index) => hits(row, points[index])) }),
    // [[x, y], ...]: a line drawn around an area
    outline: (question, points) => {
      const drawn = [].concat(...points), [zone] = question.rows;
      if (points.length < 3) return { parts: [false], points: 0 };
      const { overlap, excess, missing } = compare(zone.at, drawn), [least, most, lack] = zone.limits;
      const right = overlap >= least && excess <= most && missing <= lack && !question.risks.some((risk) => meets(risk, drawn));
      return { parts: [right] };
    },
    // [text], of the drawn variation
    number: (question, [text], variant) => {
      const row = question.rows[variant] || { result: '' }, said = plain(text);
      const right = said !== '' && (said === row.result || number(said) === number(row.result));
      return { parts: [right], points: right ? row.points : 0 };
    },
  };
  const scored = (question) => Object.prototype.hasOwnProperty.call(kinds, question.kind);
  const answered = (question, response) => Array.isArray(response) &&
    response.some((part) => given(part) && (!Array.isArray(part) || part.some(given)));

  // { points, max, parts, verdict } of a question; `verdict` is what cmi.interactions.n.result takes.
  function mark(question, response, variant) {
    if (!scored(question)) return { points: 0, max: 0, parts: [], verdict: 'neutral' };
    const is = kinds[question.kind](question, Array.isArray(response) ? response : [], variant || 0), max = question.points;
    const right = is.parts.length > 0 && is.parts.every(Boolean);
    let points = is.points !== undefined ? is.points : sum(question.rows, (row, index) => is.parts[index] && row.points);
    if (question.all) points = right ? max : 0;
    // Rounded weights (a third each) must not make what is right less than right.
    if (right && Math.abs(max - points) < 0.05) points = max;
    return { points: round(points), max, parts: is.parts, verdict: right || (max > 0 && points >= max) ? 'correct' : 'wrong' };
  }

  // The whole: points, max, percent (null if nothing is scored). A question below zero counts as zero unless the test says otherwise.
  function total(test, drawn, responses) {
    const marks = drawn.map((one, index) => mark(test.questions[one.number], responses[index], one.variant));
    const points = round(sum(marks, (one) => (test.negative ? one.points : Math.max(0, one.points))));
    const max = round(sum(marks, (one) => one.max));
    return { marks, points, max, percent: max > 0 ? Math.min(100, Math.max(0, round((100 * points) / max))) : null };
  }

  const passes = (percent, mastery) => (percent === null || mastery === null ? 'completed' : percent >= mastery ? 'passed' : 'failed');

  // Systems send these in addresses, not all of them encoded.
  const safe = (text) => plain(text).replace(/[\x00-\x1f\x7f&+%#]/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 255);

  // What cmi.interactions.n tells of a question: one entry, or one for each blank or statement.
  function interactions(question, response, marked, variant) {
    const name = 'q' + question.id, said = Array.isArray(response) ? response : [], rows = question.rows || [];
    const one = (type, answer, pattern, more) => Object.assign(
      { id: name, type, response: answer, pattern, result: marked.verdict, weighting: marked.max }, more);
    const part = (index, answer, type, pattern, weighting) => one(type, answer, pattern, {
      id: name + '_' + (index + 1), result: marked.parts[index] ? 'correct' : 'wrong', weighting });
    const small = rows.length <= LETTERS.length && !(question.options > LETTERS.length);
    const letters = (list) => list.map((row) => LETTERS[row]).join(',');
    const pairs = (list) => list.map((to, from) => (given(to) ? DIGITS[from] + '.' + LETTERS[to] : '')).filter(Boolean).join(',');
    const rights = rows.map((row) => row.right);
    const spot = (point) => (point ? Math.round(point[0]) + ',' + Math.round(point[1]) : '');
    switch (question.kind) {
      case 'choice': {
        const right = range(rows.length).filter((row) => rows[row].right), ticked = said.slice().sort((a, b) => a - b);
        if (!small) return [one('fill-in', safe(ticked.map((row) => row + 1).join(' ')), safe(right.map((row) => row + 1).join(' ')))];
        return [one('choice', letters(ticked), letters(question.many ? right : right.slice(0, 1)))];
      }
      case 'match':
        return small ? [one('matching', pairs(said), pairs(rights))] : [one('fill-in', safe(said.join(' ')), safe(rights.join(' ')))];
      case 'order': {
        const by = (places) => range(rows.length).sort((a, b) => places[a] - places[b]);
        return small ? [one('sequencing', said.length ? letters(by(said)) : '', letters(by(rights)))] : [one('fill-in', safe(said.join(' ')), '')];
      }
      case 'blanks':
        return rows.map((row, index) => part(index, safe(said[index]), 'fill-in', safe(row.accept[0]), row.points));
      case 'statements':
      case 'certainty': {
        const right = (row) => 'tf'[row.right] || '', option = (index) => (question.kind === 'certainty' ? (said[index] || [])[0] : said[index]);
        return rows.map((row, index) => part(index, 'tf'[option(index)] || '', 'true-false', right(row), round(marked.max / rows.length)));
      }
      case 'number': {
        const text = plain(said[0]).replace(',', '.'), result = rows[variant] ? rows[variant].result : '';
        const exact = !isNaN(number(text)) && !isNaN(number(result));
        return [one(exact ? 'numeric' : 'fill-in', exact ? text : safe(text), exact ? String(number(result)) : safe(result))];
      }
      case 'spots':
      case 'outline':
        return [one('performance', said.map(spot).join(' ').slice(0, 255), '')];
      case 'open':
        return [one('fill-in', safe(said[0]), '')];
      default:
        return [];
    }
  }

  const bytes = (text) => new TextEncoder().encode(text).length;

  // The state of an attempt in at most 4096 bytes: if need be, long texts are cut first, then late answers dropped.
  function pack(state) {
    const cut = (value, length) => (typeof value === 'string' ? [...value].slice(0, length).join('') : value);
    for (const length of [4096, 1000, 400, 200, 100, 50, 20, 0]) {
      const text = JSON.stringify(Object.assign({}, state, {
        said: state.said.map((response) => (Array.isArray(response) ? response.map((part) => cut(part, length)) : 0)) }));
      if (bytes(text) <= LIMIT) return text;
    }
    const said = state.said.slice();
    for (;;) {
      const text = JSON.stringify(Object.assign({}, state, { said: said.map((response) => response || 0) }));
      if (bytes(text) <= LIMIT || !said.length) return text;
      said.length = Math.floor(said.length * 0.9);
    }
  }
  // The state again; null if the text is not one, or of another test.
  function unpack(text, test) {
    try {
      const state = JSON.parse(text);
      return state && state.test === test && Array.isArray(state.said) ? state : null;
    } catch (error) { return null; }
  }

  return { draw, mark, total, passes, interactions, answered, scored, pack, unpack, hits, compare, random };
});
