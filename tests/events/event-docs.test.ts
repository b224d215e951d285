import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { eventTypes } from '../../src/ledger/ledger-event.ts';

test('docs/events.md explains every type of event, and no other', async () => {
  const page = await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const explained = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, type]) => type!));
  expect(explained.sort()).toEqual([...eventTypes].sort());
});
