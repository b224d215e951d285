import { buildTable, element } from './build-table.js';
import { playRun } from './run-stream.js';
import { showRound } from './show-round.js';

const $ = (id) => document.getElementById(id);
const numberLabels = {
  callers: 'Callers, all at once',
  processes: 'Processes',
  rounds: 'Rounds',
  thinkMs: 'Milliseconds between read and write',
};
const maxAnswers = 400;

const catalogue = await (await fetch('/lab/scenarios')).json();
const scenarioOf = (name) => catalogue.scenarios.find((scenario) => scenario.name === name);
const strategyOf = (name) => catalogue.strategies.find((strategy) => strategy.name === name);
let running;

function buildForm() {
  for (const { name, title } of catalogue.scenarios) $('scenario').append(new Option(title, name));
  for (const [name, { min, max, default: usual }] of Object.entries(catalogue.bounds)) {
    const label = element('label', numberLabels[name]);
    const input = document.createElement('input');
    Object.assign(input, { type: 'number', id: name, name, min, max, value: usual, required: true });
    label.append(input);
    $('numbers').append(label);
  }
  $('scenario').addEventListener('change', () => chooseScenario($('scenario').value));
  $('run').addEventListener('submit', (event) => {
    event.preventDefault();
    run(readForm());
  });
  $('cancel').addEventListener('click', () => running?.abort());
}

/** Without names the two that tell most: what most programs do, and the lock. */
function chooseScenario(name, chosen = ['nothing', 'for-update']) {
  const scenario = scenarioOf(name);
  $('scenario').value = name;
  $('summary').textContent = scenario.summary;
  $('callers').value = scenario.callers;
  const legend = $('strategies').querySelector('legend');
  const boxes = scenario.strategies.map((strategy) => {
    const label = document.createElement('label');
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', name: 'strategy', value: strategy });
    box.checked = chosen.includes(strategy);
    label.title = strategyOf(strategy).summary;
    label.append(box, strategyOf(strategy).title);
    return label;
  });
  $('strategies').replaceChildren(legend, ...boxes);
}

function readForm() {
  const strategies = [...document.querySelectorAll('[name=strategy]:checked')].map(({ value }) => value);
  const numbers = Object.keys(catalogue.bounds).map((name) => [name, Number($(name).value)]);
  return { scenario: $('scenario').value, strategies, ...Object.fromEntries(numbers) };
}

/** An address that opens the page with these parameters. */
function addressOf({ strategies, ...others }) {
  return `/lab?${new URLSearchParams({ ...others, strategies: strategies.join(',') })}`;
}

function openAddress() {
  const asked = new URLSearchParams(location.search);
  if (!asked.has('scenario')) {
    chooseScenario('joint-account');
    return say('Ready.');
  }
  const scenario = scenarioOf(asked.get('scenario'));
  const strategies = asked.get('strategies')?.split(',');
  chooseScenario(scenario?.name ?? 'joint-account', strategies);
  for (const name of Object.keys(catalogue.bounds)) if (asked.has(name)) $(name).value = asked.get(name);
  const unknown = strategies?.filter((name) => !scenario?.strategies.includes(name)) ?? [];
  if (scenario === undefined) return say('The link names a scenario that there is not.', true);
  if (unknown.length > 0)
    return say(`The link names strategies that this scenario has not: ${unknown.join(', ')}.`, true);
  // A page of another site may have led here, so nothing starts by itself.
  say('Ready to play this run: press the button.');
  $('start').focus();
}

function say(text, isBad = false) {
  $('status').textContent = text;
  $('status').className = isBad ? 'bad' : '';
}

function allow(isAllowed) {
  for (const control of $('run').elements) control.disabled = !isAllowed(control);
}

async function run(request) {
  if (request.strategies.length === 0) return say('Choose a strategy at least.', true);
  running = new AbortController();
  allow((control) => control.id === 'cancel');
  $('cancel').focus();
  $('answers').replaceChildren();
  $('live').hidden = false;
  $('outcome').hidden = true;
  history.replaceState(null, '', addressOf(request));
  say('They are off.');
  try {
    await playRun(request, running.signal, receive);
  } catch (error) {
    if (running.signal.aborted) say('Cancelled. Nothing of the run is left.');
    else say(error.message, true);
  } finally {
    running = undefined;
    const hadFocus = document.activeElement === $('cancel');
    allow((control) => control.id !== 'cancel');
    if (hadFocus) $('start').focus();
  }
}

function receive(message) {
  if (message.type === 'round') {
    const { strategy, round, rounds, verdict, answers } = message;
    say(`${strategyOf(strategy).title}: round ${round} of ${rounds}.`);
    for (const answer of answers) $('answers').append(answerItem(strategy, answer));
    const outcome = element('li', `${strategy}, round ${round}: ${verdict.problem ?? 'as it should be'}`);
    outcome.className = verdict.problem === null ? 'good' : 'bad';
    $('answers').append(outcome);
    while ($('answers').children.length > maxAnswers) $('answers').firstChild.remove();
    $('answers').scrollTop = $('answers').scrollHeight;
  } else if (message.type === 'result') {
    showResult(message.result);
  }
}

function answerItem(strategy, { caller, status, text, sqlState, atUs }) {
  const state = sqlState ? ` (${sqlState})` : '';
  return element('li', `${strategy}, caller ${caller + 1}: ${status} ${text}${state}, ${(atUs / 1000).toFixed(1)} ms`);
}

function showResult(result) {
  const { strategies, parameters } = result;
  const wrong = strategies.filter(({ brokenRounds }) => brokenRounds > 0).length;
  const isShort = strategies.some(({ rounds }) => rounds < parameters.rounds);
  const short = isShort ? ' Not all rounds were played: a run has 100 seconds, shared by its strategies.' : '';
  say(`Done: ${wrong} of ${strategies.length} strategies went wrong.${short}`);
  $('link').href = addressOf(parameters);
  URL.revokeObjectURL($('download').href);
  $('download').href = URL.createObjectURL(new Blob([JSON.stringify(result, null, 2)], { type: 'application/json' }));
  const columns = [
    'strategy',
    'wrong',
    'lost',
    'made',
    'double',
    'done',
    'refused',
    'failed',
    '40P01',
    '40001',
    '55P03',
    '23505',
    'retries',
    'waits',
    'op/s',
    'p50 ms',
    'p99 ms',
  ];
  const table = buildTable(`All figures of this run; money in ${result.unit}`, columns, strategies.map(figures));
  for (const [index, row] of [...table.tBodies[0].rows].entries())
    row.cells[0].replaceChildren(pickButton(strategies[index]));
  table.id = 'comparison';
  $('comparison').replaceWith(table);
  $('outcome').hidden = false;
  pick(strategies.find(({ brokenRounds }) => brokenRounds > 0) ?? strategies[0]);
}

function figures(result) {
  const { strategy, rounds, brokenRounds, lost, made, duplicates, done, refused, failed, sqlStates } = result;
  const shown = (count) => (Number(count) === 0 ? '–' : String(count));
  const worse = (count) => (Number(count) === 0 ? '–' : { text: String(count), class: 'bad' });
  const states = ['40P01', '40001', '55P03', '23505'].map((state) => shown(sqlStates[state] ?? 0));
  const wrong = { text: `${brokenRounds} of ${rounds}`, class: brokenRounds > 0 ? 'bad' : 'good' };
  return [
    ...[strategy, wrong, worse(lost), worse(made), worse(duplicates), String(done), shown(refused), shown(failed)],
    ...[...states, shown(result.retries), shown(result.lockWaits), result.operationsPerSecond.toFixed(0)],
    ...[result.p50Ms.toFixed(0), result.p99Ms.toFixed(0)],
  ];
}

function pickButton(result) {
  const button = element('button', strategyOf(result.strategy).title);
  Object.assign(button, { type: 'button', value: result.strategy });
  button.addEventListener('click', () => pick(result));
  return button;
}

function pick(result) {
  for (const button of $('comparison').querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(button.value === result.strategy));
  showRound(result, strategyOf(result.strategy));
}

buildForm();
openAddress();
