import { readFile } from 'node:fs/promises';

/** The build has the sources of the strategies next to what was compiled of them (`scripts/run-built.mjs`). */
const folder = new URL('./strategies/', import.meta.url);

/** The file of a strategy as it stands, and behind it those of the same folder that it is made of. */
export async function readStrategySource(name: string): Promise<string> {
  const own = await readFile(new URL(`${name}.ts`, folder), 'utf8');
  const others = [...own.matchAll(/from '\.\/([a-z-]+)\.ts'/g)].map(([, other]) => other!);
  const sources = await Promise.all(others.map((other) => readFile(new URL(`${other}.ts`, folder), 'utf8')));
  return [own, ...sources.map((source, index) => `// ${others[index]}.ts\n${source}`)].join('\n');
}
