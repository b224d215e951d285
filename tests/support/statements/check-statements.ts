import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadModule } from 'libpg-query';
import { type Finding, lintStatement } from './lint-statement.ts';
import { statementExceptions } from './statement-exceptions.ts';

// node --import tsx tests/support/statements/check-statements.ts <file or folder of collected statements>

interface Sent {
  readonly source: string;
  readonly text: string;
}

/** Prints what is wrong with the statements that `collect-statements.mjs` has noted; the exit code says whether any is. */
async function check(place: string): Promise<number> {
  await loadModule();
  const sent = readStatements(place);
  const wrong = [...sent.values()].flatMap((statement) => {
    const problems = new Set(findingsOf(statement).map(({ problem }) => problem));
    return problems.size === 0 ? [] : [{ ...statement, problems: [...problems] }];
  });
  process.stdout.write(`\nStatements: ${sent.size} were sent, ${wrong.length} of them are wrong.\n`);
  for (const { source, text, problems } of wrong.sort((one, other) => one.source.localeCompare(other.source))) {
    process.stdout.write(`${source || 'unknown source'} ${problems.join('; ')}\n    ${shown(text)}\n`);
  }
  return wrong.length === 0 ? 0 : 1;
}

function readStatements(place: string): Map<string, Sent> {
  const files = statSync(place).isDirectory() ? readdirSync(place).map((file) => path.join(place, file)) : [place];
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n'));
  return new Map(lines.filter((line) => line !== '').map((line) => [line, JSON.parse(line) as Sent]));
}

function findingsOf({ source, text }: Sent): Finding[] {
  const isExcepted = (found: Finding) =>
    statementExceptions.some(
      ({ sources, texts, rules }) =>
        sources.test(source) && (texts?.test(text) ?? true) && (rules?.includes(found.rule) ?? true),
    );
  try {
    return lintStatement(text).filter((found) => !isExcepted(found));
  } catch (error) {
    // What the newest grammar does not know is no statement of ours, but for those that tests make wrong by intent.
    return [{ rule: 'ledger', problem: `cannot be read: ${(error as Error).message}` }];
  }
}

function shown(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 600);
}

process.exitCode = await check(process.argv[2]!);
