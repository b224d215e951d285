import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/** The files under a folder of the project, as paths from the project with forward slashes. */
function filesUnder(folder: string, extension: string): string[] {
  if (!existsSync(path.join(projectFolder, folder))) return [];
  return readdirSync(path.join(projectFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.posix.join(folder, file.replaceAll('\\', '/')));
}

function read(file: string): string {
  return readFileSync(path.join(projectFolder, file), 'utf8');
}

const sources = filesUnder('src', '.ts');
/** What the browser loads; it is written like the rest. */
const pageSources = filesUnder('src', '.js');

/** The project's own files that a source file imports, types included. */
function importsOf(file: string): string[] {
  const specifiers = read(file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g);
  return [...specifiers].map(([, specifier]) => path.posix.join(path.posix.dirname(file), specifier!));
}

const imports = sources.flatMap((from) => importsOf(from).map((to) => ({ from, to })));

/** Of the files directly in src: the settings, what puts the rooms together, and what starts it all. */
const roomsOfFiles: Record<string, string> = {
  'src/config.ts': 'config',
  'src/unknown-settings.ts': 'config',
  'src/all-routes.ts': 'top',
  'src/work-queues.ts': 'top',
  'src/verify-books.ts': 'top',
  'src/distribute.ts': 'top',
  'src/role-rights.ts': 'top',
  'src/roles-script.ts': 'top',
  'src/encrypt-secrets.ts': 'top',
  'src/main.ts': 'main',
};

/** The room a file is in. */
function roomOf(file: string): string {
  if (!file.startsWith('src/')) return path.posix.dirname(file);
  return roomsOfFiles[file] ?? file.split('/')[1]!;
}

describe('import directions', () => {
  /**
   * A file imports only from its own room and from those before it, values and types alike. The last ones put the
   * others together: the service in `top`, its processes in `process`, the operators' commands in `cli`.
   */
  const rooms = [
    'money',
    'errors',
    'metrics',
    'tracing',
    'database',
    'ledger',
    'http',
    'workers',
    'audit',
    'log',
    'parties',
    'keys',
    'ownership',
    'signatures',
    'accounts',
    'payment-orders',
    'movements',
    'approvals',
    'holds',
    'holders',
    'standing-orders',
    'statements',
    'events',
    'webhooks',
    'lab',
    'client',
    'config',
    'top',
    'process',
    'cli',
    'main',
  ];
  const customerRooms = [
    'parties',
    'keys',
    'ownership',
    'signatures',
    'accounts',
    'payment-orders',
    'movements',
    'approvals',
    'holds',
    'holders',
    'standing-orders',
    'statements',
    'events',
    'webhooks',
  ];
  /** What each room of the core may use of the core; `http` knows the core, the core does not know `http`. */
  const core: Record<string, string[]> = {
    money: [],
    errors: [],
    metrics: [],
    tracing: ['metrics'],
    database: ['errors', 'metrics', 'tracing'],
    ledger: ['database', 'money', 'errors', 'metrics', 'tracing'],
    http: ['ledger', 'database', 'money', 'errors', 'metrics', 'tracing'],
    audit: ['workers', 'http', 'ledger', 'database', 'errors', 'metrics'],
    workers: ['http', 'ledger', 'database', 'errors', 'metrics', 'tracing'],
    // Callers have it without the service; the commands are callers.
    client: [],
    // The race lab is a leaf; of the rooms above the core it needs those of the movements that its engine posts.
    lab: ['accounts', 'movements', 'http', 'ledger', 'database', 'money', 'errors'],
  };

  test('every folder of src is a room whose place is known', () => {
    expect(imports.length).toBeGreaterThan(100);
    expect([...new Set(sources.map(roomOf))].sort()).toEqual([...rooms].sort());
  });

  test('a room imports only rooms before it', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [importer, imported] = [roomOf(from), roomOf(to)];
      if (importer === imported || !to.startsWith('src/')) return false;
      const before = rooms.slice(0, rooms.indexOf(importer));
      return !(core[importer] ?? before).includes(imported);
    });
    expect(wrong).toEqual([]);
  });

  test('only src/all-routes.ts and src/work-queues.ts put rooms into the service', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        ['process', 'cli', 'main'].includes(roomOf(from)) &&
        from !== 'src/process/worker-process.ts' &&
        customerRooms.includes(roomOf(to)),
    );
    expect(wrong).toEqual([]);
  });

  test('only the list of routes, the command and the start of the service import the race lab', () => {
    const importers = imports.filter(({ from, to }) => roomOf(to) === 'lab' && roomOf(from) !== 'lab');
    expect([...new Set(importers.map(({ from }) => from))].sort()).toEqual([
      'src/all-routes.ts',
      'src/cli/lab-commands.ts',
      'src/process/service.ts',
    ]);
  });

  test('only the commands import the client, and the client no package', () => {
    const importers = imports.filter(({ from, to }) => roomOf(to) === 'client' && roomOf(from) !== 'client');
    expect([...new Set(importers.map(({ from }) => roomOf(from)))]).toEqual(['cli']);
    const ofClient = sources.filter((file) => roomOf(file) === 'client');
    expect(ofClient.filter((file) => /\bfrom '[^.]/.test(read(file)))).toEqual([]);
  });

  test('only what starts the service imports the seeds', () => {
    const wrong = imports.filter(({ from, to }) => !to.startsWith('src/') && roomOf(from) !== 'process');
    expect(wrong).toEqual([]);
    expect([...new Set(imports.map(({ to }) => to).filter((to) => !to.startsWith('src/')))]).toEqual(['seeds/demo.ts']);
  });

  test('the embedded server stands alone behind one file', () => {
    const embedded = (file: string) => file.startsWith('src/database/embedded/');
    const crossing = imports.filter(({ from, to }) => embedded(from) !== embedded(to));
    expect(crossing.filter(({ to }) => to !== 'src/database/embedded/embedded-server.ts')).toEqual([]);
  });

  test('no files import each other in a circle, not for types either', () => {
    const reached = new Map(sources.map((file) => [file, importsOf(file)]));
    const reaches = (from: string, target: string, seen = new Set<string>()): boolean =>
      (reached.get(from) ?? []).some((to) => to === target || (!seen.has(to) && reaches(to, target, seen.add(to))));
    expect(sources.filter((file) => reaches(file, file))).toEqual([]);
  });
});

/** The source files whose code, comments aside, matches. */
function filesWith(pattern: RegExp): string[] {
  const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
  return sources.filter((file) => pattern.test(withoutComments(read(file)))).sort();
}

const inEmbedded = (file: string) => file.startsWith('src/database/embedded/');

describe('one place for each thing', () => {
  test('only src/money/money.ts imports decimal.js', () => {
    expect(filesWith(/'decimal\.js'/)).toEqual(['src/money/money.ts']);
  });

  test('only src/http imports Express: what a room says of HTTP is a value', () => {
    expect(filesWith(/from 'express'/).filter((file) => !file.startsWith('src/http/'))).toEqual([]);
  });

  test('accounts are locked in src/ledger/lock-accounts.ts, work is claimed in src/workers/claim-work.ts, and nothing else anywhere', () => {
    // What the race lab shows and plays, in tables of its own.
    const shown = (file: string) => file.startsWith('src/lab/strategies/');
    const found = filesWith(/\bfor\s*(no key)?\s*update\b|\bfor(NoKey)?Update\s*\(/i);
    expect(found.filter((file) => !shown(file))).toEqual(['src/ledger/lock-accounts.ts', 'src/workers/claim-work.ts']);
  });

  test('the core touches no table of a room above it', () => {
    const above =
      /\b(account_changes|authorisations|holders|mandates|parties|payment_orders|projects|proposals|restrictions|standing_order_?\w*s|webhook_\w+s)\b/;
    expect(filesWith(above).filter((file) => ['ledger', 'database', 'http'].includes(roomOf(file)))).toEqual([]);
  });

  test('the environment is read where a process starts, and passed on', () => {
    const readers = ['src/config.ts', 'src/main.ts', 'src/cli/joint-ledger.ts', 'src/process/api-cluster.ts'];
    const found = filesWith(
      /\bprocess\s*\.\s*env\b|\bprocess\s*\[|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|from 'node:process'/,
    );
    expect(found.filter((file) => !readers.includes(file) && !inEmbedded(file))).toEqual([]);
    expect(found).toContain('src/main.ts');
  });

  test('no amount ever becomes a JavaScript number', () => {
    expect(filesWith(/\bparseFloat\b|\btoNumber\s*\(/)).toEqual([]);
    // The embedded server reads process ids, ports and versions out of files; no money comes near it.
    expect(filesWith(/(?<![\w.])Number\s*\(/).filter((file) => !inEmbedded(file))).toEqual([]);
  });
});

describe('files', () => {
  test('are named in kebab-case, each name once', () => {
    const names = sources.map((file) => path.posix.basename(file));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('lie in no folder that could mean anything', () => {
    const folders = [...sources, ...filesUnder('tests', '.ts')].flatMap((file) => path.posix.dirname(file).split('/'));
    expect(folders.filter((folder) => /^(utils?|helpers?|commons?|misc|lib)$/.test(folder))).toEqual([]);
  });

  test('have at most 300 lines', () => {
    // Written by a program, and read by programs.
    const written = (file: string) => file !== 'src/client/known-api.ts';
    const lengths = [...sources, ...pageSources].filter(written).map((file) => ({
      file,
      lines: read(file).trimEnd().split('\n').length,
    }));
    expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  });
});

/** An opening line of a function: a declaration, a method or an arrow, possibly the end of a signature of many lines. */
const opensFunction =
  /\bfunction\b.*\{$|=> \{$|^\s*(async |static |private |override |get |\*)*[\w#]+\(.*\{$|^\s*\).*\{$/;
const opensOther = /^\s*(\} )?(if|else|for|while|do|switch|try|catch|finally|class|interface)\b/;

/** The functions of a file with their lengths. The formatter's indentation says where each ends. */
function functionsOf(file: string): Array<{ file: string; line: number; lines: number }> {
  const lines = read(file).split('\n');
  const indentOf = (line: string) => line.search(/\S/);
  return lines.flatMap((line, at) => {
    if (!opensFunction.test(line) || opensOther.test(line)) return [];
    const indent = indentOf(line);
    let start = at;
    if (/^\s*\)/.test(line)) {
      do start--;
      while (indentOf(lines[start]!) !== indent);
      if (opensOther.test(lines[start]!)) return [];
    }
    const end = lines.findIndex((other, index) => index > at && indentOf(other) === indent && /^\s*\}/.test(other));
    return [{ file, line: start + 1, lines: end - start + 1 }];
  });
}

describe('sizes', () => {
  test('no line is above 120 columns', () => {
    const wide = [...sources, ...pageSources].flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, index) => (line.length > 120 ? [`${file}:${index + 1}`] : [])),
    );
    expect(wide).toEqual([]);
  });

  test('no function is above 70 lines', () => {
    const functions = sources.flatMap(functionsOf);
    expect(functions.length).toBeGreaterThan(1_000);
    expect(functions.filter(({ lines }) => lines > 70)).toEqual([]);
  });
});

describe('documentation', () => {
  const root = readdirSync(projectFolder).filter((file) => file.endsWith('.md'));
  const documents = [...root, ...filesUnder('docs', '.md')];

  test('links only to files that exist', () => {
    const broken = documents.flatMap((document) => {
      const prose = read(document)
        .replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '')
        .replaceAll(/`[^`\n]*`/g, '');
      const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g), ...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
      return inline
        .map(([, target]) => target!)
        .filter((target) => !/^([a-z][a-z0-9+.-]*:|#)/i.test(target))
        .map((target) => decodeURIComponent(target.split('#')[0]!))
        .filter((target) => !existsSync(path.join(projectFolder, path.dirname(document), target)))
        .map((target) => `${document} -> ${target}`);
    });
    expect(broken).toEqual([]);
  });

  test('points to nothing outside the project', () => {
    const everything = [...documents, ...filesUnder('docs', '.sql')];
    expect(everything.filter((document) => /\.\.\/shared\b|\/work\/shared\b/.test(read(document)))).toEqual([]);
  });
});
