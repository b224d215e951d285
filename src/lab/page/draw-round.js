// @ts-check

/**
 * Draws a round of the race lab as an SVG: time to the right, a lane for each caller, and in the middle the rows that
 * they met at, each value as steps. Everything is drawn from the trace and nothing else. The same module draws in the
 * page, in the terminal and for the documentation; it needs neither of them.
 *
 * @typedef {import('../run-result.ts').RoundTrace} RoundTrace
 * @typedef {import('../run-result.ts').Finding} Finding
 * @typedef {import('../run-result.ts').Span} Span
 * @typedef {import('../run-result.ts').TracedRow} TracedRow
 */

const width = 1000;
const left = 214;
const right = width - 150;
const laneHeight = 32;
const numberHeight = 62;
const wordHeight = 28;
const maxRows = 16;

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

const legendTexts = {
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
    ...trace.lanes.flatMap((lane, index) => lane.spans.map((span) => drawSpan(scene, index, span))),
    ...scene.rows.map((placed) => drawRow(scene, placed, missedIn(shown, placed.index))),
    shown === undefined ? '' : drawFinding(scene, shown),
    ...trace.lanes.map((lane, index) => drawAnswer(scene, index, lane.answer)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="round" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(describeRound(trace, title))}">`,
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

/**
 * A deadlock, or else of the lost updates one that lost, and that missed no more than it has to.
 *
 * @param {readonly Finding[]} findings
 */
export function mostTelling(findings) {
  /** @param {Finding} finding */
  const weight = (finding) => {
    if (finding.kind === 'deadlock') return Number.POSITIVE_INFINITY;
    if (finding.kind === 'lost update')
      return 1 + Math.max(0, toNumber(finding.amount ?? '0')) / finding.erasedSteps.length;
    return 0;
  };
  let best = findings.length > 0 ? 0 : -1;
  for (const [index, finding] of findings.entries()) {
    if (weight(finding) > weight(/** @type {Finding} */ (findings[best]))) best = index;
  }
  return best;
}

/** @param {RoundTrace} trace */
function layOut(trace) {
  const above = Math.ceil(trace.lanes.length / 2);
  const top = 44;
  const laneTops = new Map();
  let y = top;
  for (let lane = 0; lane < above; lane++, y += laneHeight) laneTops.set(lane, y);
  y += 6;
  const rows = trace.rows.slice(0, maxRows).map((row, index) => {
    const height = isNumeric(row) ? numberHeight : wordHeight;
    const placed = { row, index, y, height };
    y += height + 4;
    return placed;
  });
  const moreRows = trace.rows.length - rows.length;
  if (moreRows > 0) y += 16;
  const rowsEnd = y;
  y += 2;
  for (let lane = above; lane < trace.lanes.length; lane++, y += laneHeight) laneTops.set(lane, y);
  const scale = (right - left) / Math.max(1, trace.durationUs);
  return {
    rows,
    moreRows,
    rowsEnd,
    bottom: y + 4,
    /** @param {number} lane */
    laneTop: (lane) => /** @type {number} */ (laneTops.get(lane)),
    /** @param {number} lane */
    laneMid: (lane) => /** @type {number} */ (laneTops.get(lane)) + 13,
    /** @param {number} us */
    x: (us) => round(left + Math.max(0, us) * scale),
  };
}

/** @typedef {ReturnType<typeof layOut>} Scene */

/** @param {Scene} scene @param {number} index @param {RoundTrace['lanes'][number]} lane */
function drawLaneName(scene, index, lane) {
  const y = scene.laneTop(index);
  const name = lane.kind === 'engine' ? lane.name : `${(lane.caller ?? 0) + 1}  ${lane.name}`;
  return (
    `<g class="lane" data-lane="${index}"><rect class="lane-back" x="0" y="${y}" width="${width}" height="${laneHeight - 2}"/>` +
    `<text class="name" x="12" y="${y + 17}">${escapeXml(shorten(name, 30))}</text><title>${escapeXml(name)}, process ${lane.process + 1}</title></g>`
  );
}

/** @param {Scene} scene @param {number} index @param {Span} span */
function drawSpan(scene, index, { kind, fromUs, toUs }) {
  const [x, end] = [scene.x(fromUs), scene.x(toUs)];
  const length = Math.max(1, round(end - x));
  const y = scene.laneTop(index) + 4;
  const name = spanNames[kind];
  const label =
    length > name.length * 6.2 + 4
      ? `<text class="label ${kind}" x="${round(x + length / 2)}" y="${y + 13}">${name}</text>`
      : '';
  const tip = `${legendTexts[kind]}, ${ms(fromUs)} to ${ms(toUs)} ms`;
  return `<g data-lane="${index}"><rect class="span ${kind}" x="${x}" y="${y}" width="${length}" height="18"><title>${tip}</title></rect>${label}</g>`;
}

/** @param {Scene} scene @param {RoundTrace['locks'][number]} lock */
function drawLock(scene, { lane, what, fromUs, toUs }) {
  const [x, end] = [scene.x(fromUs), scene.x(toUs)];
  const y = scene.laneTop(lane);
  const tip = `holds ${escapeXml(what)}, ${ms(fromUs)} to ${ms(toUs)} ms`;
  return `<rect class="holding" x="${x}" y="${y + 1}" width="${Math.max(1, round(end - x))}" height="27"><title>${tip}</title></rect>`;
}

/** @param {Scene} scene @param {number} index @param {RoundTrace['lanes'][number]['answer']} answer */
function drawAnswer(scene, index, answer) {
  if (answer === null) return '';
  const x = scene.x(answer.atUs);
  const y = scene.laneMid(index);
  const mark = { done: '✓', refused: '↩', failed: '✗' }[answer.outcome];
  const text = answer.sqlState ?? (answer.outcome === 'done' ? answer.text : `${answer.status}`);
  return `<text class="answer ${answer.outcome}" x="${x + 5}" y="${y + 5}">${mark} ${escapeXml(shorten(text, 22))}<title>${escapeXml(answer.text)}</title></text>`;
}

/** @param {TracedRow} row @param {number} y @param {number} height */
function drawRowName({ table, id, column }, y, height) {
  return (
    `<rect class="row-back" x="0" y="${y}" width="${width}" height="${height}"/>` +
    `<text class="row-name" x="12" y="${y + height / 2 + 4}">${escapeXml(shorten(`${table} ${id}: ${column}`, 28))}</text>`
  );
}

/** @param {TracedRow} row */
function isNumeric({ before, steps }) {
  const values = [before, ...steps.map(({ value }) => value)].filter((value) => value !== null);
  return steps.length > 0 && values.every((value) => /^-?\d+(\.\d+)?$/.test(String(value)));
}

/**
 * The steps of a row that the finding says were missed.
 *
 * @param {Finding | undefined} finding @param {number} row
 * @returns {readonly number[]}
 */
function missedIn(finding, row) {
  return finding?.kind === 'lost update' && finding.row === row ? finding.erasedSteps : [];
}

/**
 * @param {Scene} scene @param {Scene['rows'][number]} placed
 * @param {readonly number[]} named Steps whose values are written even where there is little room.
 */
function drawRow(scene, { row, y, height }, named) {
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
function levelOf(row, y, height) {
  if (!isNumeric(row)) return () => y + height - 6;
  const numbers = [row.before, ...row.steps.map(({ value }) => value)].filter((value) => value !== null).map(toNumber);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const [floor, ceiling] = [y + height - 6, y + 18];
  return (value) =>
    value === null || high === low
      ? floor
      : round(floor - ((toNumber(value) - low) / (high - low)) * (floor - ceiling));
}

/** @param {Scene} scene @param {Finding} finding */
function drawFinding(scene, finding) {
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
  const frames = framed.map(
    ({ y, height }) => `<rect class="frame" x="2" y="${y}" width="${width - 4}" height="${height}"/>`,
  );
  const outcome = finding.kind === 'duplicate' ? `${finding.lanes.length} for one` : `${finding.value} together`;
  const at = framed.at(-1);
  const label =
    at === undefined
      ? ''
      : `<text class="verdict" x="${width - 10}" y="${at.y + at.height / 2 + 5}" text-anchor="end">${escapeXml(outcome)}</text>`;
  return `<g class="finding rows">${frames.join('')}${label}<title>${escapeXml(finding.text)}</title></g>`;
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
  const [readX, missedX, writeX] = [scene.x(finding.readUs), scene.x(step.atUs), scene.x(finding.writeUs)];
  const missedY = levelOf(row, y, height)(step.value);
  const path = `M ${readX} ${edge} Q ${readX} ${missedY} ${missedX} ${missedY} Q ${writeX} ${missedY} ${writeX} ${edge}`;
  const { amount } = finding;
  const outcome =
    amount === null ? 'erased' : `${amount.replace(/^-/, '')} ${amount.startsWith('-') ? 'made' : 'lost'}`;
  const labelY = lane < y ? y + height + 12 : y - 3;
  return (
    `<g class="finding lost-update"><circle class="missed" cx="${missedX}" cy="${missedY}" r="5"/>` +
    `<path class="arrow" d="${path}" marker-end="url(#head)"/><circle class="tail" cx="${readX}" cy="${edge}" r="3"/>` +
    `<text class="verdict" x="${missedX + 8}" y="${labelY}">${escapeXml(outcome)}</text><title>${escapeXml(finding.text)}</title></g>`
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
    return `<path class="arrow" d="M ${x} ${from} C ${x + bulge} ${from} ${x + bulge} ${to} ${x} ${to}" marker-end="url(#head)"/>`;
  });
  const y = scene.laneMid(finding.lane);
  return (
    `<g class="finding deadlock">${edges.join('')}<text class="verdict" x="${x - 52}" y="${y + 5}" text-anchor="end">40P01</text>` +
    `<title>${escapeXml(finding.text)}</title></g>`
  );
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
      `<line class="grid" x1="${x}" x2="${x}" y1="38" y2="${scene.bottom}"/><text class="small" x="${x}" y="${scene.bottom + 14}" text-anchor="middle">${ms(at)}</text>`,
    );
  }
  return `<g class="axis">${marks.join('')}<text class="small" x="${right + 34}" y="${scene.bottom + 14}">ms</text></g>`;
}

/** @param {RoundTrace} trace @param {number} y */
function drawLegend({ lanes, locks }, y) {
  /** @type {Set<string>} */
  const kinds = new Set(lanes.flatMap(({ spans }) => spans.map(({ kind }) => kind)));
  if (locks.length > 0) kinds.add('holding');
  let x = 12;
  const items = Object.entries(legendTexts).flatMap(([kind, text]) => {
    if (!kinds.has(kind)) return [];
    const item = `<rect class="${kind === 'holding' ? 'holding' : `span ${kind}`}" x="${x}" y="${y - 11}" width="16" height="13"/><text class="small" x="${x + 21}" y="${y}">${text}</text>`;
    x += 34 + text.length * 6;
    return [item];
  });
  return `<g class="legend">${items.join('')}</g>`;
}

const patterns =
  '<defs>' +
  '<pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-back" width="7" height="7"/><line class="hatch-line" x1="0" x2="0" y1="0" y2="7"/></pattern>' +
  '<pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="dots-back" width="6" height="6"/><circle class="dots-dot" cx="2" cy="2" r="0.9"/></pattern>' +
  '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker>' +
  '</defs>';

/** For drawing only: no amount is worked out with it. @param {unknown} value */
function toNumber(value) {
  return +String(value);
}

/** @param {number} us */
function ms(us) {
  const value = us / 1000;
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} text @param {number} length */
function shorten(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** @param {string} text */
function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
