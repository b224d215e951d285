import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { allScenarios, strategiesOf } from '../../src/lab/all-scenarios.ts';
import { allStrategies } from '../../src/lab/strategies/all-strategies.ts';
import { projectFolder } from '../support/server-process.ts';

const read = (file: string) => readFileSync(path.join(projectFolder, file), 'utf8');
const page = read('docs/locking.md');
const [words, figures] = page.split('<!-- figures -->') as [string, string];

test('has a section for each strategy', () => {
  const sections = [...words.matchAll(/^### (.*)$/gm)].map(([, title]) => title!.toLowerCase()).join('\n');
  const named = allStrategies.map(({ title }) =>
    title
      .toLowerCase()
      .replace('’', "'")
      .replace(/, (with|without|on) .*$/, ''),
  );
  expect(named.filter((title) => !sections.includes(title))).toEqual([]);
});

test('has figures of each scenario with each strategy that applies', () => {
  const rows = figures.split('```').filter((block) => block.includes(' callers in '));
  const played = rows.map((block) => {
    const [head = '', , , ...lines] = block.trim().split('\n');
    const strategies = lines.slice(0, lines.includes('') ? lines.indexOf('') : undefined);
    return [head.split(':')[0], strategies.map((line) => line.split(' ')[0])];
  });
  expect(played).toEqual(allScenarios.map((each) => [each.name, strategiesOf(each).map(({ name }) => name)]));
});

test('shows every picture that there is, and none that there is not', () => {
  const links = [page, read('README.md')].flatMap((text) => [...text.matchAll(/\((?:docs\/)?(pictures\/\S+\.svg)\)/g)]);
  const files = readdirSync(path.join(projectFolder, 'docs/pictures/locking'));
  const shown = links.map(([, file]) => file!);
  expect(shown.filter((file) => !existsSync(path.join(projectFolder, 'docs', file)))).toEqual([]);
  expect(files.filter((file) => !shown.includes(`pictures/locking/${file}`))).toEqual([]);
});
