// @ts-check

/**
 * @typedef {import('../run-result.ts').RoundTrace} RoundTrace
 * @typedef {import('../run-result.ts').TracedRow} TracedRow
 */

export const width = 1000;
export const left = 214;
export const right = width - 150;
export const laneHeight = 32;
const numberHeight = 62;
const wordHeight = 28;
const maxRows = 16;

/**
 * Where everything stands in the picture of a round.
 *
 * @param {RoundTrace} trace
 */
export function layOut(trace) {
  const above = Math.ceil(trace.lanes.length / 2);
  const top = 44;
  const laneTops = new Map();
  let y = top;
  for (let lane = 0; lane < above; lane++, y += laneHeight) laneTops.set(lane, y);
  y += 6;
  const rows = trace.rows.slice(0, maxRows).map((row, index) => {
    const height = isNumeric(row) ? numberHeight : wordHeight;
    const placed = { row: { ...row, steps: inOrder(row.steps) }, index, y, height };
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

/**
 * Steps stand in the order in which the server made them; when each was known may be a little out of it.
 *
 * @param {TracedRow['steps']} steps
 */
function inOrder(steps) {
  let latest = 0;
  return steps.map((step) => {
    latest = Math.max(latest, step.atUs);
    return { ...step, atUs: latest };
  });
}

/** @typedef {ReturnType<typeof layOut>} Scene */

/** @param {TracedRow} row */
export function isNumeric({ before, steps }) {
  const values = [before, ...steps.map(({ value }) => value)].filter((value) => value !== null);
  return steps.length > 0 && values.every((value) => /^-?\d+(\.\d+)?$/.test(String(value)));
}

/** For drawing only: no amount is worked out with it. @param {unknown} value */
export function toNumber(value) {
  return +String(value);
}

/** @param {number} us */
export function ms(us) {
  const value = us / 1000;
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** @param {number} value */
export function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} text @param {number} length */
export function shorten(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
