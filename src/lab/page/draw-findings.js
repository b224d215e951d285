// @ts-check
import { levelOf } from './draw-rows.js';
import { right, toNumber, width } from './lay-out.js';
import { escapeXml, tag, tip } from './svg-tag.js';

/**
 * @typedef {import('../run-result.ts').Finding} Finding
 * @typedef {import('./lay-out.js').Scene} Scene
 */

/**
 * A deadlock, or else of the lost updates one that does to the sum what the round came out with, and that missed no
 * more than it has to.
 *
 * @param {readonly Finding[]} findings
 * @param {{ readonly lost: string, readonly made: string }} [verdict]
 */
export function mostTelling(findings, { lost, made } = { lost: '0', made: '0' }) {
  const sign = toNumber(made) > toNumber(lost) ? -1 : 1;
  /** @param {Finding} finding */
  const weight = (finding) => {
    if (finding.kind === 'deadlock') return Number.POSITIVE_INFINITY;
    if (finding.kind === 'lost update')
      return 1 + Math.max(0, sign * toNumber(finding.amount ?? '0')) / finding.erasedSteps.length;
    return 0;
  };
  let best = findings.length > 0 ? 0 : -1;
  for (const [index, finding] of findings.entries()) {
    if (weight(finding) > weight(/** @type {Finding} */ (findings[best]))) best = index;
  }
  return best;
}

/**
 * The steps of a row that the finding says were missed.
 *
 * @param {Finding | undefined} finding @param {number} row
 * @returns {readonly number[]}
 */
export function missedIn(finding, row) {
  return finding?.kind === 'lost update' && finding.row === row ? finding.erasedSteps : [];
}

/** @param {Scene} scene @param {Finding} finding */
export function drawFinding(scene, finding) {
  if (finding.kind === 'lost update') return drawLostUpdate(scene, finding);
  if (finding.kind === 'deadlock') return drawDeadlock(scene, finding);
  return drawRows(scene, finding);
}

/**
 * What no arrow shows: rows that there are too many of, or that break a rule together.
 *
 * @param {Scene} scene @param {Extract<Finding, {kind: 'duplicate' | 'write skew'}>} finding
 */
function drawRows(scene, finding) {
  const framed = scene.rows.filter(({ index }) => finding.rows.includes(index));
  const frames = framed.map(({ y, height }) => tag('rect', { class: 'frame', x: 2, y, width: width - 4, height }));
  const outcome = finding.kind === 'duplicate' ? `${finding.lanes.length} for one` : `${finding.value} together`;
  const at = framed.at(-1);
  const y = at === undefined ? 0 : at.y + at.height / 2 + 5;
  const label = tag('text', { class: 'verdict', x: width - 10, y, 'text-anchor': 'end' }, escapeXml(outcome));
  return tag('g', { class: 'finding rows' }, ...frames, at === undefined ? '' : label, tip(finding.text));
}

/**
 * One arrow: from the read that was stale, over the commit that it missed, to the write that erased that.
 *
 * @param {Scene} scene @param {Extract<Finding, {kind: 'lost update'}>} finding
 */
function drawLostUpdate(scene, finding) {
  const placed = scene.rows.find(({ index }) => index === finding.row);
  const missed = finding.erasedSteps.at(-1) ?? 0;
  if (placed === undefined) return '';
  const { row, y, height } = placed;
  const step = row.steps[missed];
  if (step === undefined) return '';
  const lane = scene.laneMid(finding.lane);
  const edge = lane < y ? lane + 12 : lane - 12;
  const [readX, missedX] = [scene.x(finding.readUs), scene.x(step.atUs)];
  const writeX = Math.max(missedX, scene.x(finding.writeUs));
  const missedY = levelOf(row, y, height)(step.value);
  const over = `Q ${readX} ${missedY} ${missedX} ${missedY}`;
  const path = `M ${readX} ${edge} ${over} Q ${writeX} ${missedY} ${writeX} ${edge}`;
  const { amount } = finding;
  const outcome =
    amount === null ? 'erased' : `${amount.replace(/^-/, '')} ${amount.startsWith('-') ? 'made' : 'lost'}`;
  const labelY = lane < y ? y + height + 12 : y - 3;
  return tag(
    'g',
    { class: 'finding lost-update' },
    tag('circle', { class: 'missed', cx: missedX, cy: missedY, r: 5 }),
    tag('path', { class: 'arrow', d: path, 'marker-end': 'url(#head)' }),
    tag('circle', { class: 'tail', cx: readX, cy: edge, r: 3 }),
    tag('text', { class: 'verdict', x: missedX + 8, y: labelY }, escapeXml(outcome)),
    tip(finding.text),
  );
}

/**
 * The waits that close a loop.
 *
 * @param {Scene} scene @param {Extract<Finding, {kind: 'deadlock'}>} finding
 */
function drawDeadlock(scene, finding) {
  const x = Math.min(scene.x(finding.atUs), right) - 12;
  const edges = finding.loop.map(({ lane, waitsFor }) => {
    const [from, to] = [scene.laneMid(lane), scene.laneMid(waitsFor)];
    const bulge = from < to ? -44 : 44;
    const d = `M ${x} ${from} C ${x + bulge} ${from} ${x + bulge} ${to} ${x} ${to}`;
    return tag('path', { class: 'arrow', d, 'marker-end': 'url(#head)' });
  });
  const y = scene.laneMid(finding.lane);
  const label = tag('text', { class: 'verdict', x: x - 52, y: y + 5, 'text-anchor': 'end' }, '40P01');
  return tag('g', { class: 'finding deadlock' }, ...edges, label, tip(finding.text));
}
