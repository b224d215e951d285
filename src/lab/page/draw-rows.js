// @ts-check
import { isNumeric, left, right, round, shorten, toNumber, width } from './lay-out.js';
import { escapeXml, tag } from './svg-tag.js';

/**
 * @typedef {import('../run-result.ts').TracedRow} TracedRow
 * @typedef {import('./lay-out.js').Scene} Scene
 */

/** @param {TracedRow} row @param {number} y @param {number} height */
export function drawRowName({ table, id, column }, y, height) {
  const name = escapeXml(shorten(`${table} ${id}: ${column}`, 28));
  return (
    tag('rect', { class: 'row-back', x: 0, y, width, height }) +
    tag('text', { class: 'row-name', x: 12, y: y + height / 2 + 4 }, name)
  );
}

/**
 * @param {Scene} scene @param {Scene['rows'][number]} placed
 * @param {readonly number[]} named Steps whose values are written even where there is little room.
 */
export function drawRow(scene, { row, y, height }, named) {
  const level = levelOf(row, y, height);
  const isErased = (/** @type {number} */ step) => step >= 0 && row.steps[step]?.erasedBy != null;
  const parts = [-1, ...row.steps.keys()].map((step) => {
    const value = step < 0 ? row.before : row.steps[step]?.value;
    const from = step < 0 ? left : scene.x(row.steps[step]?.atUs ?? 0);
    const to = step + 1 < row.steps.length ? scene.x(row.steps[step + 1]?.atUs ?? 0) : right;
    const before = step < 0 ? undefined : level(step === 0 ? row.before : row.steps[step - 1]?.value);
    const at = level(value);
    const erased = isErased(step) ? ' erased' : value === null || value === undefined ? ' none' : '';
    const text = value === null || value === undefined ? '–' : String(value);
    const label = to - from > text.length * 5 || step === row.steps.length - 1 || named.includes(step);
    const rise =
      before === undefined ? '' : `<line class="step${erased}" x1="${from}" x2="${from}" y1="${before}" y2="${at}"/>`;
    return (
      `${rise}<line class="step${erased}" x1="${from}" x2="${Math.max(from, to)}" y1="${at}" y2="${at}"/>` +
      (label ? `<text class="value${erased}" x="${from + 3}" y="${at - 4}">${escapeXml(shorten(text, 18))}</text>` : '')
    );
  });
  return `<g class="row">${parts.join('')}</g>`;
}

/**
 * Where a value of a row is drawn.
 *
 * @param {TracedRow} row @param {number} y @param {number} height
 * @returns {(value: unknown) => number}
 */
export function levelOf(row, y, height) {
  if (!isNumeric(row)) return () => y + height - 6;
  const numbers = [row.before, ...row.steps.map(({ value }) => value)].filter((value) => value !== null).map(toNumber);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const [floor, ceiling] = [y + height - 6, y + 18];
  return (value) =>
    value === null || high === low
      ? floor
      : round(floor - ((toNumber(value) - low) / (high - low)) * (floor - ceiling));
}
