import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Database } from '../database/create-database.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { exportLedger } from './export-ledger.ts';
import { importLedger } from './import-ledger.ts';
import { type CommandTerminal, type DatabaseCommand, readName, readUuid } from './ledger-command.ts';
import { countRows, type FileEnd } from './ledger-file.ts';

const secrecy =
  "The file is as secret as the database: it has names, balances, the hashes of API keys, and webhooks' secrets.";

/** Writes a whole ledger to a file. */
export const exportCommand: DatabaseCommand = {
  name: 'export',
  summary: 'Writes a whole ledger as JSON Lines, as it is at one moment, while the service goes on.',
  remarks: secrecy,
  parameters: { '<ledger-id>': { meaning: 'the ledger', read: readUuid } },
  options: {
    '--to <file>': { meaning: 'a file that is not there yet; without it, the ledger goes to standard output' },
  },
  example: '01936f00-0000-7000-8000-000000000001 --to flat-7.jsonl',
  async run(database, [ledgerId], { options, progress, write }) {
    const file = options.to;
    if (file === undefined) {
      await exportLedger(database, ledgerId!, { write, progress });
      return undefined;
    }
    const end = await exportToFile(database, { ledgerId: ledgerId!, file }, progress);
    const text = `${countRows(end)} rows of ledger ${ledgerId} are in ${file}. ${secrecy}`;
    return { text, json: { ledgerId, file, ...end } };
  },
};

/** For its owner's eyes, and on the disk before it is reported. What is not whole is removed. */
async function exportToFile(
  database: Database,
  { ledgerId, file }: { ledgerId: string; file: string },
  progress: CommandTerminal['progress'],
): Promise<FileEnd> {
  const stream = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  const failed = new Promise<never>((_resolve, reject) => {
    stream.once('error', (error) => reject(new OperatorError(`The ledger could not be written: ${error.message}.`)));
  });
  // It may fail while nothing waits for it; whatever waits next is told.
  failed.catch(() => {});
  const untilEvent = (event: string) => Promise.race([new Promise((resolve) => stream.once(event, resolve)), failed]);
  await untilEvent('open');
  const write = async (text: string) => {
    if (!stream.write(text)) await untilEvent('drain');
  };
  try {
    const end = await exportLedger(database, ledgerId, { write, progress });
    stream.end();
    await untilEvent('close');
    return end;
  } catch (error) {
    stream.destroy();
    await rm(file, { force: true });
    throw error;
  }
}

/** Writes a ledger from its file. */
export const importCommand: DatabaseCommand = {
  name: 'import',
  summary: 'Writes a ledger from the file that export made, all of it or nothing.',
  remarks:
    'The database must have the schema that the ledger was exported from, and no such ledger. To look at it without\n' +
    'its paying or calling anybody, run the service with WORKERS=off; joint-ledger verify proves the books.',
  parameters: { '<file>': { meaning: 'the file of the ledger', read: readName } },
  example: 'flat-7.jsonl',
  async run(database, [file], { progress }) {
    const { ledgerId, end } = await importLedger(database, file!, progress);
    const text = `Ledger ${ledgerId} is imported, ${countRows(end)} rows. Prove its books: joint-ledger verify`;
    return { text, json: { ledgerId, ...end } };
  },
};
