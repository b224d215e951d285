import { buildTable, element } from './build-table.js';
import { mostTelling } from './draw-findings.js';
import { legendTexts } from './draw-lanes.js';
import { drawRound } from './draw-round.js';
import { createPlayer } from './picture-player.js';

const $ = (id) => document.getElementById(id);
const player = createPlayer({
  slider: $('now'),
  clock: $('clock'),
  buttons: { first: $('first'), back: $('back'), forward: $('forward'), play: $('play'), all: $('all') },
});

/**
 * Shows the telling round of a strategy: its verdict, its picture, the statements of its callers, the same as a table,
 * and the strategy's own source.
 */
export function showRound(result, { title, source }) {
  const { trace, verdict } = result;
  $('picked-title').textContent = `${title}, round ${trace.round}`;
  const outcome = verdict.problem === null ? 'As it should be.' : `Wrong: ${verdict.problem}.`;
  $('verdict').textContent = `Expected: ${verdict.expected}. Came out: ${verdict.cameOut}. ${outcome}`;
  $('verdict').className = verdict.problem === null ? 'good' : 'bad';
  showFindings(result, title);
  draw(trace, title, mostTelling(trace.findings, verdict));
  showCallers(trace);
  $('as-table').replaceChildren(roundTable(trace));
  $('source').textContent = source;
}

function draw(trace, title, finding) {
  $('picture').innerHTML = drawRound(trace, { title: `${title}, round ${trace.round}`, finding });
  player.open($('picture').querySelector('svg'), trace);
  for (const lane of $('picture').querySelectorAll('[data-lane]')) {
    lane.addEventListener('click', () => showStatements(trace, Number(lane.getAttribute('data-lane'))));
  }
}

/** Each finding can be drawn; a round may have many. */
function showFindings({ trace }, title) {
  const buttons = trace.findings.map((finding, index) => {
    const button = element('button', finding.text);
    button.type = 'button';
    button.addEventListener('click', () => draw(trace, title, index));
    const item = document.createElement('li');
    item.append(button);
    return item;
  });
  $('findings').replaceChildren(...buttons);
  $('all-findings').hidden = buttons.length === 0;
}

function showCallers(trace) {
  const buttons = trace.lanes.map((lane, index) => {
    const button = element('button', lane.kind === 'engine' ? lane.name : String(lane.caller + 1));
    button.type = 'button';
    button.setAttribute('aria-label', `Statements of ${nameOf(lane)}`);
    button.addEventListener('click', () => showStatements(trace, index));
    return button;
  });
  $('lanes').replaceChildren(...buttons);
  showStatements(trace, 0);
}

function showStatements(trace, index) {
  for (const [each, button] of [...$('lanes').children].entries())
    button.setAttribute('aria-pressed', String(each === index));
  const rows = trace.statements
    .filter(({ lane }) => lane === index)
    .map(({ sql, values, fromUs, toUs, rows: read, affected, sqlState }) => [
      ms(fromUs),
      ms(toUs),
      { text: sql, class: 'text code' },
      { text: values.map(String).join(', '), class: 'text code' },
      {
        text: sqlState ?? (read.length > 0 ? read.map(rowText).join('\n') : `${affected} rows`),
        class: sqlState ? 'text bad' : 'text code',
      },
    ]);
  const caption = `Statements of ${nameOf(trace.lanes[index])}`;
  $('statements').replaceChildren(buildTable(caption, ['from ms', 'to ms', 'SQL', 'values', 'came back'], rows));
}

/** All that the picture shows, in the order of time. */
function roundTable(trace) {
  const spans = trace.lanes.flatMap((lane) =>
    lane.spans.map(({ kind, fromUs, toUs }) => ({ fromUs, toUs, who: nameOf(lane), what: legendTexts[kind] })),
  );
  const steps = trace.rows.flatMap((row) =>
    row.steps.map(({ atUs, value, lane, erasedBy }) => {
      const what = `becomes ${value ?? 'nothing'} by ${nameOf(trace.lanes[lane])}`;
      const erased = erasedBy === null ? '' : '; overwritten without having been read';
      return { fromUs: atUs, toUs: atUs, who: `row ${row.table} ${row.id}`, what: what + erased };
    }),
  );
  const answers = trace.lanes.flatMap((lane) => {
    if (lane.answer === null) return [];
    const { atUs, outcome, status, text, sqlState } = lane.answer;
    const what = [`${outcome}, ${status}: ${text}`, sqlState ?? []].flat().join(', ');
    return { fromUs: atUs, toUs: atUs, who: nameOf(lane), what };
  });
  const findings = trace.findings.map((finding) => {
    const atUs = finding.writeUs ?? finding.atUs ?? trace.durationUs;
    return { fromUs: atUs, toUs: atUs, who: finding.kind, what: finding.text };
  });
  const rows = [...spans, ...steps, ...answers, ...findings]
    .sort((a, b) => a.fromUs - b.fromUs)
    .map(({ fromUs, toUs, who, what }) => [ms(fromUs), ms(toUs), textCell(who), textCell(what)]);
  return buildTable('What happened, in the order of time', ['from ms', 'to ms', 'who', 'what'], rows);
}

function textCell(text) {
  return { text, class: 'text' };
}

function nameOf(lane) {
  return lane.kind === 'engine' ? lane.name : `caller ${lane.caller + 1}, ${lane.name}`;
}

function rowText(row) {
  return Object.entries(row)
    .map(([column, value]) => `${column} ${value ?? 'null'}`)
    .join(', ');
}

function ms(us) {
  return (us / 1000).toFixed(1);
}
