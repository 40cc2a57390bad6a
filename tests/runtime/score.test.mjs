// The rules of scoring, as packages have them: answers of every kind right, partly right, wrong and missing.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const score = createRequire(import.meta.url)('../../src/scorm/runtime/small/score.js');

const choice = (more, ...rows) => ({ kind: 'choice', id: 7, many: true, points: 10, rows: rows.map(([right, points]) => ({ right, points })), ...more });
const points = (question, response, variant) => score.mark(question, response, variant).points;
const verdict = (question, response, variant) => score.mark(question, response, variant).verdict;

test('one choice is worth what its row is worth, also below zero', () => {
  const question = choice({ many: false }, [true, 10], [false, -5], [false, 0]);
  assert.equal(points(question, [0]), 10);
  assert.equal(points(question, [1]), -5);
  assert.equal(points(question, []), 0);
  assert.equal(points(question, undefined), 0);
  assert.equal(verdict(question, [0]), 'correct');
  assert.equal(verdict(question, [1]), 'wrong');
});

test('several choices add up, and ticking everything is not right', () => {
  const question = choice({}, [true, 5], [true, 5], [false, -5]);
  assert.equal(points(question, [0, 1]), 10);
  assert.equal(points(question, [0]), 5);
  assert.equal(points(question, [0, 1, 2]), 5);
  assert.equal(verdict(question, [0, 1, 2]), 'wrong');
});

test('an exact selection is all or nothing, with the points of the question', () => {
  const question = choice({ all: true }, [true, 10], [true, 0], [false, 0]);
  assert.equal(points(question, [1, 0]), 10);
  assert.equal(points(question, [0]), 0);
  assert.equal(points(question, [0, 1, 2]), 0);
});

test('shares that do not add up exactly are whole when all is right', () => {
  assert.equal(points(choice({}, [true, 3.33], [true, 3.33], [true, 3.33]), [0, 1, 2]), 10);
});

test('statements count right, wrong and doubt', () => {
  const question = { kind: 'statements', id: 1, points: 3, scores: [1, -0.5, 0.1], rows: [{ right: 0 }, { right: 1 }, { right: 0 }] };
  assert.equal(points(question, [0, 1, 0]), 3);
  assert.equal(points(question, [0, 0, 2]), 0.6);
  assert.equal(points(question, [null, undefined, 2]), 0.3);
  const all = { ...question, all: true, scores: undefined };
  assert.equal(points(all, [0, 1, 0]), 3);
  assert.equal(points(all, [0, 1, 2]), 0);
});

test('a statement without a degree of certainty counts as doubt', () => {
  const question = { kind: 'certainty', id: 1, points: 2, scores: [1, -1, 0], rows: [{ right: 0 }, { right: 1 }] };
  assert.equal(points(question, [[0, 5], [1, 0]]), 2);
  assert.equal(points(question, [[0, null], [0, 3]]), -1);
});

test('blanks take any of their words, trimmed and with blanks collapsed, in the right case', () => {
  const question = { kind: 'blanks', id: 1, points: 3, free: false, rows: [{ accept: ["l'eau"], points: 1 }, { accept: ['color', 'colour'], points: 1 }, { accept: ['a b'], points: 1 }] };
  assert.equal(points(question, ["l'eau", ' colour ', 'a   b']), 3);
  assert.equal(points(question, ["L'eau", 'COLOR', 'ab']), 0);
  assert.equal(points(question, []), 0);
});

test('blanks in any order take each word once, as many as can be', () => {
  const question = { kind: 'blanks', id: 1, points: 3, free: true, rows: [{ accept: ['a', 'b'], points: 1 }, { accept: ['a'], points: 1 }, { accept: ['c'], points: 1 }] };
  assert.equal(points(question, ['a', 'b', 'c']), 3);
  assert.equal(points(question, ['c', 'a', 'b']), 3);
  assert.equal(points(question, ['a', 'a', 'a']), 2);
});

test('pairs and orders count what is in its place', () => {
  const match = { kind: 'match', id: 1, points: 4, options: 2, rows: [{ right: 0, points: 2 }, { right: 1, points: 2 }] };
  assert.equal(points(match, [0, 1]), 4);
  assert.equal(points(match, [0, 0]), 2);
  assert.equal(points({ ...match, all: true }, [0, 0]), 0);
  const order = { kind: 'order', id: 1, points: 3, rows: [{ right: 0, points: 1 }, { right: 2, points: 1 }, { right: 1, points: 1 }] };
  assert.equal(points(order, [0, 2, 1]), 3);
  assert.equal(points(order, [0, 1, 2]), 1);
});

test('a number may be written with a comma, and text has to be the same', () => {
  const question = { kind: 'number', id: 1, points: 5, rows: [{ result: '0.5', points: 5 }, { result: '1 h', points: 5 }] };
  assert.equal(points(question, ['0,5'], 0), 5);
  assert.equal(points(question, ['.50'], 0), 5);
  assert.equal(points(question, ['0.51'], 0), 0);
  assert.equal(points(question, ['5e-1x'], 0), 0);
  assert.equal(points(question, ['1 h'], 1), 5);
  assert.equal(points(question, [''], 1), 0);
});

test('points in a picture hit rectangles, ellipses and polygons with their edges', () => {
  const zone = (shape, ...at) => ({ shape, at });
  assert.ok(score.hits(zone('square', 10, 10, 20, 5), [30, 15]));
  assert.ok(!score.hits(zone('square', 10, 10, 20, 5), [30.1, 15]));
  assert.ok(score.hits(zone('circle', 0, 0, 10, 5), [0, 5]));
  assert.ok(!score.hits(zone('circle', 0, 0, 10, 5), [8, 4]));
  assert.ok(score.hits(zone('poly', 0, 0, 10, 0, 0, 10), [2, 2]));
  assert.ok(!score.hits(zone('poly', 0, 0, 10, 0, 0, 10), [8, 8]));
  assert.ok(!score.hits(zone('poly', 0, 0, 10, 0, 0, 10), null));
});

test('a drawn line is held against overlap, excess, lack and risks', () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10];
  const question = (limits, risks) => ({ kind: 'outline', id: 1, points: 10, risks, rows: [{ shape: 'poly', at: square, points: 10, limits }] });
  const drawn = [[0, 0], [10, 0], [10, 5], [0, 5]];
  const { overlap, excess, missing } = score.compare(square, drawn.flat());
  assert.deepEqual([overlap, excess, missing].map(Math.round), [50, 0, 50]);
  assert.equal(points(question([40, 10, 60], []), drawn), 10);
  assert.equal(points(question([60, 10, 60], []), drawn), 0);
  assert.equal(points(question([40, 10, 60], [[1, 1, 3, 1, 3, 3]]), drawn), 0);
  assert.equal(points(question([40, 10, 60], []), [[0, 0], [1, 1]]), 0);
});

test('what only a person can judge is neutral and no part of the whole', () => {
  const open = { kind: 'open', id: 2, points: 5 }, asked = choice({}, [true, 10]);
  assert.deepEqual(score.mark(open, ['words']), { points: 0, max: 0, parts: [], verdict: 'neutral' });
  const quiz = { questions: [asked, open] }, drawn = [{ number: 0 }, { number: 1 }];
  assert.equal(score.total(quiz, drawn, [[0], ['words']]).percent, 100);
  assert.equal(score.total({ questions: [open] }, [{ number: 0 }], [['x']]).percent, null);
});

test('a question below zero counts as zero unless the test says otherwise, and percents stay between 0 and 100', () => {
  const quiz = { questions: [choice({ many: false }, [true, 10], [false, -20]), choice({}, [true, 10])] };
  const drawn = [{ number: 0 }, { number: 1 }];
  assert.equal(score.total(quiz, drawn, [[1], [0]]).percent, 50);
  assert.equal(score.total({ ...quiz, negative: true }, drawn, [[1], [0]]).percent, 0);
  assert.equal(score.total({ ...quiz, negative: true }, drawn, [[1], [0]]).points, -10);
});

test('the verdict follows the pass mark, and there is none without a score', () => {
  assert.equal(score.passes(50, 50), 'passed');
  assert.equal(score.passes(49.99, 50), 'failed');
  assert.equal(score.passes(10, null), 'completed');
  assert.equal(score.passes(null, 50), 'completed');
});

test('a draw follows from its seed, takes so many of each group, and each question once', () => {
  const questions = Array.from({ length: 10 }, (_, id) => choice({ id }, [true, 1], [false, 0], [false, 0], [false, 0]));
  questions[3].rows[3].last = true;
  const quiz = { questions, shuffle: true, draw: { groups: [{ questions: [0, 1, 2, 3, 4], take: 2, shuffle: true }, { questions: [5, 6, 7, 8, 9], take: 0, shuffle: false }], shuffle: false, mix: false } };
  const seen = new Set();
  for (let seed = 0; seed < 200; seed++) {
    const drawn = score.draw(quiz, seed);
    assert.deepEqual(drawn, score.draw(quiz, seed));
    assert.deepEqual(drawn.slice(2).map((one) => one.number), [5, 6, 7, 8, 9]);
    assert.equal(new Set(drawn.map((one) => one.number)).size, 7);
    drawn.slice(0, 2).forEach((one) => { assert.ok(one.number < 5); seen.add(one.number); });
    drawn.forEach((one) => assert.deepEqual(one.order.slice().sort(), [0, 1, 2, 3]));
    drawn.filter((one) => one.number === 3).forEach((one) => assert.equal(one.order[3], 3));
  }
  assert.equal(seen.size, 5);
});

test('a list to be put in order is never drawn in the right one', () => {
  const question = { kind: 'order', id: 1, points: 2, options: 2, rows: [{ right: 0, points: 1 }, { right: 1, points: 1 }] };
  for (let seed = 0; seed < 50; seed++) {
    const [one] = score.draw({ questions: [question], draw: { groups: [{ questions: [0], take: 0, shuffle: false }] } }, seed);
    assert.deepEqual(one.order, [1, 0]);
  }
});

test('interactions have the forms of SCORM 1.2', () => {
  const told = (question, response, variant) => score.interactions(question, response, score.mark(question, response, variant), variant)
    .map((one) => [one.id, one.type, one.response, one.pattern, one.result]);
  assert.deepEqual(told(choice({}, [true, 5], [false, 0], [true, 5]), [2, 0]), [['q7', 'choice', 'a,c', 'a,c', 'correct']]);
  assert.deepEqual(told({ kind: 'match', id: 1, points: 2, options: 2, rows: [{ right: 1, points: 1 }, { right: 0, points: 1 }] }, [1, null]), [['q1', 'matching', '1.b', '1.b,2.a', 'wrong']]);
  assert.deepEqual(told({ kind: 'order', id: 1, points: 2, rows: [{ right: 1, points: 1 }, { right: 0, points: 1 }] }, [0, 1]), [['q1', 'sequencing', 'a,b', 'b,a', 'wrong']]);
  assert.deepEqual(told({ kind: 'blanks', id: 1, points: 2, rows: [{ accept: ['x & y'], points: 2 }] }, ['50% + #1']), [['q1_1', 'fill-in', '50 1', 'x y', 'wrong']]);
  assert.deepEqual(told({ kind: 'statements', id: 1, points: 2, rows: [{ right: 0 }, { right: 1 }] }, [0, 2]), [['q1_1', 'true-false', 't', 't', 'correct'], ['q1_2', 'true-false', '', 'f', 'wrong']]);
  assert.deepEqual(told({ kind: 'number', id: 1, points: 2, rows: [{ result: '0,5', points: 2 }] }, ['0,5'], 0), [['q1', 'numeric', '0.5', '0.5', 'correct']]);
  assert.deepEqual(told({ kind: 'open', id: 1, points: 2 }, ['x'.repeat(900)])[0][2].length, 255);
  const many = choice({}, ...Array.from({ length: 40 }, (_, row) => [row === 39, 1]));
  assert.deepEqual(told(many, [39])[0].slice(1, 4), ['fill-in', '40', '40']);
});

test('the state of an attempt stays within 4096 bytes and comes back', () => {
  const state = (said) => ({ test: 5, seed: 4294967295, attempt: 1, at: 99, said, checked: [], left: 0, done: 0 });
  const small = state([[0, 1], null, ['words'], [[1.5, 2.5], null]]);
  assert.deepEqual(score.unpack(score.pack(small), 5).said, [[0, 1], 0, ['words'], [[1.5, 2.5], null]]);
  for (const said of [Array(100).fill(['é'.repeat(2000)]), Array(3000).fill([1, 2, 3]), [['😀'.repeat(3000)]]]) {
    const text = score.pack(state(said));
    assert.ok(Buffer.byteLength(text) <= 4096);
    assert.ok(score.unpack(text, 5).said.length > 0);
  }
  for (const bad of ['', 'x', 'null', '{}', '{"test":6,"said":[]}', '{"test":5,"said":1}']) assert.equal(score.unpack(bad, 5), null);
});
