import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const folder = process.env.STATEMENTS_FOLDER;

/** Processes of a test run that have sessions with the database: those that run tests, and those of the service. */
const talksToDatabase =
  /node_modules[/\\]jest|support[/\\]run-jest\.mjs$|dist[/\\]src[/\\](main|cli[/\\]joint-ledger)\.js$/;

/** What only passes on what others want sent. */
const passesOn = /^src\/database\/(session|statement-pipeline|unawaited-begin|create-database)\.ts$/;

/** How often a text that tests send is looked at again: the service may send the same. */
const maxLooks = 20;

/**
 * Notes each distinct statement that this process sends to PostgreSQL, with the source file that made it, in a file of
 * its own in STATEMENTS_FOLDER. `check-statements.ts` reads them when the run is over. Every process of a run loads
 * this first (NODE_OPTIONS); node loads it once however often it is imported.
 */
if (folder !== undefined && talksToDatabase.test(process.argv[1] ?? '')) collect(path.join(folder, `${process.pid}`));

function collect(file) {
  const require = createRequire(import.meta.url);
  const pg = require('pg');
  const KnexClient = require('knex/lib/client.js');
  const PostgresClient = require('knex/lib/dialects/postgres/index.js');
  const Raw = require('knex/lib/raw.js');
  const Builder = require('knex/lib/query/querybuilder.js');
  /** Where a statement of knex was begun; it is sent later, by others. */
  const begun = new WeakMap();
  /** The source file by the text of a statement; null while it is known from tests only. */
  const sources = new Map();
  const looks = new Map();
  const noted = new Set();

  for (const [owner, name] of [
    [KnexClient.prototype, 'raw'],
    [PostgresClient.prototype, 'queryBuilder'],
  ]) {
    around(owner, name, (made) => begun.set(made, new Error()));
  }
  around(Builder.prototype, 'clone', (copy, original) => begun.set(copy, begun.get(original)));
  for (const { prototype } of [Builder, Raw]) {
    around(prototype, 'toSQL', (compiled, statement) => {
      if (typeof compiled?.sql === 'string')
        locate(statement.client.positionBindings(compiled.sql), begun.get(statement));
    });
  }
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (statement, ...rest) {
    const text = typeof statement === 'string' ? statement : statement?.text;
    if (typeof text === 'string') note(text);
    return query.call(this, statement, ...rest);
  };

  function locate(text, trace) {
    if (trace === undefined || typeof sources.get(text) === 'string') return;
    const count = (looks.get(text) ?? 0) + 1;
    looks.set(text, count);
    if (count <= maxLooks) sources.set(text, sourceOf(trace));
  }

  function note(text) {
    if (!sources.has(text)) sources.set(text, sourceOf(new Error()));
    const source = sources.get(text);
    if (source === null || noted.has(text)) return;
    noted.add(text);
    appendFileSync(file, `${JSON.stringify({ source, text })}\n`);
  }
}

function around(owner, name, after) {
  const original = owner[name];
  owner[name] = function (...args) {
    const result = original.apply(this, args);
    after(result, this);
    return result;
  };
}

/** A file of the build, or of a copy of it that `next-version.ts` has made: the source is the same. */
const builtFile = /^(?:.*[/\\]next-version-\w+[/\\])?dist[/\\]((?:src|migrations|seeds)[/\\].*)\.js$/;

/** The source file from which a statement comes; null for one of the tests themselves, '' for one of knex's own. */
function sourceOf(trace) {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? '');
  const files = trace.stack;
  Error.prepareStackTrace = prepareStackTrace;
  if (!Array.isArray(files)) return '';
  for (const file of files) {
    const inProject = path.relative(project, file.startsWith('file:') ? fileURLToPath(file) : file);
    const [, source] = builtFile.exec(inProject) ?? [];
    const named = source && `${source.replaceAll('\\', '/')}.ts`;
    if (named && !passesOn.test(named)) return named;
    if (inProject.startsWith('tests') && !inProject.includes('collect-statements')) return null;
  }
  return '';
}
