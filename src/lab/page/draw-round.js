// @ts-check
import { drawFinding, missedIn, mostTelling } from './draw-findings.js';
import { drawAnswer, drawLaneName, drawLock, drawSpan, legendTexts } from './draw-lanes.js';
import { drawRow, drawRowName } from './draw-rows.js';
import { layOut, left, ms, right, width } from './lay-out.js';
import { escapeXml, tag } from './svg-tag.js';

/**
 * Draws a round of the race lab as an SVG: time to the right, a lane for each caller, and in the middle the rows that
 * they met at, each value as steps. Everything is drawn from the trace and nothing else. The same module draws in the
 * page, in the terminal and for the documentation; it needs neither of them.
 *
 * @typedef {import('../run-result.ts').RoundTrace} RoundTrace
 * @typedef {import('./lay-out.js').Scene} Scene
 */

/**
 * @param {RoundTrace} trace
 * @param {object} [options]
 * @param {string} [options.title] Above the picture.
 * @param {string} [options.css] The style, for a picture that stands alone; a page brings it in a file of its own.
 * @param {number} [options.finding] The finding that is drawn; the most telling one by default, none for -1.
 * @returns {string} SVG
 */
export function drawRound(trace, { title = `Round ${trace.round}`, css, finding = mostTelling(trace.findings) } = {}) {
  const scene = layOut(trace);
  const shown = trace.findings[finding];
  const height = scene.bottom + 62;
  const content = [
    ...trace.locks.map((lock) => drawLock(scene, lock)),
    ...trace.lanes.flatMap((lane, index) => lane.spans.map((span) => drawSpan(scene, index, span, trace.statements))),
    ...scene.rows.map((placed) => drawRow(scene, placed, missedIn(shown, placed.index))),
    shown === undefined ? '' : drawFinding(scene, shown),
    ...trace.lanes.map((lane, index) => drawAnswer(scene, index, lane.answer)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="round" viewBox="0 0 ${width} ${height}" role="img"`,
    ` aria-label="${escapeXml(describeRound(trace, title))}">`,
    css === undefined ? '' : `<style>${css}</style>`,
    patterns,
    `<clipPath id="until"><rect x="0" y="0" width="${width}" height="${height}"/></clipPath>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="12" y="24">${escapeXml(title)}</text>`,
    ...trace.lanes.map((lane, index) => drawLaneName(scene, index, lane)),
    ...scene.rows.map(({ row, y, height: rowHeight }) => drawRowName(row, y, rowHeight)),
    scene.moreRows > 0
      ? `<text class="small" x="12" y="${scene.rowsEnd - 2}">and ${scene.moreRows} more rows</text>`
      : '',
    drawAxis(scene, trace.durationUs),
    `<g clip-path="url(#until)">${content.join('')}</g>`,
    `<line class="now" x1="${right}" x2="${right}" y1="36" y2="${scene.bottom}" visibility="hidden"/>`,
    drawLegend(trace, scene.bottom + 44),
    '</svg>',
  ].join('');
}

/** Where time lies in the picture: for those who uncover it step by step. */
export const timeArea = { left, right };

/**
 * In words, for those who don't see it.
 *
 * @param {RoundTrace} trace
 * @param {string} title
 */
function describeRound({ lanes, rows, findings, durationUs }, title) {
  const callers = lanes.filter(({ kind }) => kind === 'caller').length;
  const told = findings.slice(0, 3).map(({ text }) => text);
  const head = `${title}: ${callers} callers and ${rows.length} rows in ${ms(durationUs)} ms.`;
  return [head, ...(told.length > 0 ? told : ['Nothing went wrong.'])].join(' ');
}

/** @param {Scene} scene @param {number} durationUs */
function drawAxis(scene, durationUs) {
  const wanted = durationUs / 8;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)));
  const tick = power * ([1, 2, 5, 10].find((factor) => power * factor >= wanted) ?? 10);
  const marks = [];
  for (let at = 0; at <= durationUs && marks.length < 40; at += tick) {
    const x = scene.x(at);
    marks.push(
      tag('line', { class: 'grid', x1: x, x2: x, y1: 38, y2: scene.bottom }),
      tag('text', { class: 'small', x, y: scene.bottom + 14, 'text-anchor': 'middle' }, ms(at)),
    );
  }
  const unit = tag('text', { class: 'small', x: right + 34, y: scene.bottom + 14 }, 'ms');
  return tag('g', { class: 'axis' }, ...marks, unit);
}

/** @param {RoundTrace} trace @param {number} y */
function drawLegend({ lanes, locks }, y) {
  /** @type {Set<string>} */
  const kinds = new Set(lanes.flatMap(({ spans }) => spans.map(({ kind }) => kind)));
  if (locks.length > 0) kinds.add('holding');
  let x = 12;
  const items = Object.entries(legendTexts).flatMap(([kind, text]) => {
    if (!kinds.has(kind)) return [];
    const look = kind === 'holding' ? kind : `span ${kind}`;
    const item =
      tag('rect', { class: look, x, y: y - 11, width: 16, height: 13 }) +
      tag('text', { class: 'small', x: x + 21, y }, text);
    x += 34 + text.length * 6;
    return [item];
  });
  return `<g class="legend">${items.join('')}</g>`;
}

const hatch = { id: 'hatch', width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
const dots = { id: 'dots', width: 6, height: 6, patternUnits: 'userSpaceOnUse' };
const head = { id: 'head', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' };

const patterns = tag(
  'defs',
  {},
  tag(
    'pattern',
    hatch,
    tag('rect', { class: 'hatch-back', width: 7, height: 7 }),
    tag('line', { class: 'hatch-line', x1: 0, x2: 0, y1: 0, y2: 7 }),
  ),
  tag(
    'pattern',
    dots,
    tag('rect', { class: 'dots-back', width: 6, height: 6 }),
    tag('circle', { class: 'dots-dot', cx: 2, cy: 2, r: 0.9 }),
  ),
  tag('marker', head, tag('path', { class: 'head', d: 'M0 0 8 4 0 8z' })),
);
