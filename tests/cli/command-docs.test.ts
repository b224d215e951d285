import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { commands } from '../../src/cli/joint-ledger.ts';
import { projectFolder } from '../support/server-process.ts';

const page = readFileSync(`${projectFolder}/docs/command-line.md`, 'utf8');

/** The rows of a table of the page. */
function rowsOf(kind: 'database' | 'service'): string[] {
  const [, table] = new RegExp(`<!-- commands: ${kind} -->\n([\\s\\S]*?)<!-- end of commands -->`).exec(page)!;
  return table!.trimEnd().split('\n').slice(2);
}

test('docs/command-line.md has each command with what it takes and does, in its order', () => {
  const rows = (kind: 'database' | 'service') =>
    commands
      .filter((command) => 'ask' in command === (kind === 'service'))
      .map(({ name, parameters, summary }) => `| \`${[name, ...Object.keys(parameters)].join(' ')}\` | ${summary} |`);
  for (const kind of ['database', 'service'] as const) expect(rowsOf(kind)).toEqual(rows(kind));
});

test('whatever it shows to be typed is a command with options that it has', () => {
  const typed = [...page.matchAll(/joint-ledger ((?:\w+ )?\w+(?= |$)[^`\n]*)/gm)].map(([, text]) => text!);
  const known = typed.filter((text) => commands.some(({ name }) => `${text} `.startsWith(`${name} `)));
  expect(known.length).toBeGreaterThan(5);
  for (const text of known) {
    const command = commands.find(({ name }) => `${text} `.startsWith(`${name} `))!;
    const options = Object.keys(command.options ?? {}).map((flags) => flags.split(' ')[0]!);
    for (const [option] of text.matchAll(/--[a-z-]+/g)) {
      expect([text, [...options, '--json', '--help']]).toEqual([text, expect.arrayContaining([option])]);
    }
  }
});
