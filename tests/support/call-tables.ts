import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from './server-process.ts';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: ReadonlyArray<Readonly<Record<string, readonly string[]>>>;
  readonly parameters: ReadonlyArray<{ readonly name?: string; readonly in?: string }>;
  readonly responses: Readonly<Record<string, unknown>>;
}

/** As much of the description of the API as the tables show. */
interface Description {
  readonly tags: ReadonlyArray<{ readonly name: string }>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const page = path.join(projectFolder, 'docs/http-api.md');
const keys: Readonly<Record<string, string>> = { anyKey: 'any', serviceKey: 'service' };

export function readCallPage(): string {
  return readFileSync(page, 'utf8');
}

/** Writes the tables of docs/http-api.md anew. */
export function writeCallTables(description: Description): void {
  writeFileSync(page, withCallTables(readCallPage(), description));
}

/**
 * The page with the table of each group of calls between its marks: `<!-- calls: Parties -->` and `<!-- end of calls -->`.
 * Throws where a group has no place, or a place no group.
 */
export function withCallTables(text: string, description: Description): string {
  const wanted = description.tags.map(({ name }) => name);
  const found = [...text.matchAll(/<!-- calls: (.+) -->/g)].map(([, name]) => name!);
  const missing = [
    ...wanted.filter((name) => !found.includes(name)),
    ...found.filter((name) => !wanted.includes(name)),
  ];
  if (missing.length > 0) throw new Error(`docs/http-api.md and the groups differ in ${missing.join(', ')}`);
  return text.replaceAll(
    /(<!-- calls: (.+) -->\n)[\s\S]*?(<!-- end of calls -->)/g,
    (_all, begin: string, name: string, end: string) => `${begin}\n${tableOf(description, name)}\n\n${end}`,
  );
}

function tableOf({ paths }: Description, group: string): string {
  const rows = Object.entries(paths).flatMap(([address, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(group))
      .map(([method, operation]) => rowOf(method, address, operation)),
  );
  return [
    '| call | what it does | name | key | query | answers |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function rowOf(method: string, address: string, operation: Operation): string {
  const { operationId, summary, security, parameters, responses } = operation;
  const [[kind, scopes] = []] = security.flatMap((each) => Object.entries(each));
  const key = kind === undefined ? 'none' : `${keys[kind]}, \`${scopes![0]}\``;
  const query = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => `\`${name}\``);
  const answers = Object.keys(responses).filter((status) => status.startsWith('2'));
  const call = `\`${method.toUpperCase()} ${address}\``;
  return `| ${call} | ${summary} | \`${operationId}\` | ${key} | ${query.join(', ')} | ${answers.join(', ')} |`;
}
