// @ts-check
import { laneHeight, ms, round, shorten, width } from './lay-out.js';
import { escapeXml, tag, tip } from './svg-tag.js';

/**
 * @typedef {import('../run-result.ts').RoundTrace} RoundTrace
 * @typedef {import('../run-result.ts').Span} Span
 * @typedef {import('./lay-out.js').Scene} Scene
 */

/** What a span is called in the picture; what is not drawn as a box of its own is left out. */
const spanNames = {
  pool: 'no session yet',
  sending: 'statement',
  reading: 'read',
  thinking: 'think',
  waiting: 'wait',
  writing: 'write',
  committing: 'commit',
  pausing: 'pause',
  engine: 'in the engine',
};

export const legendTexts = {
  reading: 'reads',
  thinking: 'thinks',
  waiting: 'waits for a lock',
  holding: 'holds a lock',
  writing: 'writes',
  committing: 'commits',
  sending: 'BEGIN, ROLLBACK, a lock at once',
  pausing: 'pauses before another try',
  pool: 'waits for a session',
  engine: 'waits its turn in the engine',
};

/** @param {Scene} scene @param {number} index @param {RoundTrace['lanes'][number]} lane */
export function drawLaneName(scene, index, lane) {
  const y = scene.laneTop(index);
  const name = lane.kind === 'engine' ? lane.name : `${(lane.caller ?? 0) + 1}  ${lane.name}`;
  return tag(
    'g',
    { class: 'lane', 'data-lane': index },
    tag('rect', { class: 'lane-back', x: 0, y, width, height: laneHeight - 2 }),
    tag('text', { class: 'name', x: 12, y: y + 17 }, escapeXml(shorten(name, 30))),
    tip(`${name}, process ${lane.process + 1}`),
  );
}

/**
 * @param {Scene} scene @param {number} index @param {Span} span
 * @param {RoundTrace['statements']} statements
 */
export function drawSpan(scene, index, { kind, fromUs, toUs, statement }, statements) {
  const [x, end] = [scene.x(fromUs), scene.x(toUs)];
  const length = Math.max(1, round(end - x));
  const y = scene.laneTop(index) + 4;
  const sqlState = statement === null ? null : (statements[statement]?.sqlState ?? null);
  const name = sqlState ?? spanNames[kind];
  const text = { class: `label ${kind}`, x: round(x + length / 2), y: y + 13 };
  const label = length > name.length * 6.2 + 4 ? tag('text', text, name) : '';
  const outcome = sqlState === null ? '' : `, ends with ${sqlState}`;
  const said = tip(`${legendTexts[kind]}, ${ms(fromUs)} to ${ms(toUs)} ms${outcome}`);
  const box = tag(
    'rect',
    { class: `span ${kind}${sqlState === null ? '' : ' refused'}`, x, y, width: length, height: 18 },
    said,
  );
  return tag('g', { 'data-lane': index }, box, label);
}

/** @param {Scene} scene @param {RoundTrace['locks'][number]} lock */
export function drawLock(scene, { lane, what, fromUs, toUs }) {
  const [x, end] = [scene.x(fromUs), scene.x(toUs)];
  const y = scene.laneTop(lane);
  const length = Math.max(1, round(end - x));
  const said = tip(`holds ${what}, ${ms(fromUs)} to ${ms(toUs)} ms`);
  return tag('rect', { class: 'holding', x, y: y + 1, width: length, height: 27 }, said);
}

/** @param {Scene} scene @param {number} index @param {RoundTrace['lanes'][number]['answer']} answer */
export function drawAnswer(scene, index, answer) {
  if (answer === null) return '';
  const x = scene.x(answer.atUs);
  const y = scene.laneMid(index);
  const mark = { done: '✓', refused: '↩', failed: '✗' }[answer.outcome];
  const text = answer.sqlState ?? (answer.outcome === 'done' ? answer.text : `${answer.status}`);
  const at = { class: `answer ${answer.outcome}`, x: x + 5, y: y + 5 };
  return tag('text', at, `${mark} ${escapeXml(shorten(text, 22))}`, tip(answer.text));
}
