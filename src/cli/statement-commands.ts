import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from 'commander';
import type { Opened, Statement } from '../client/client.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { findAccount } from './account-commands.ts';
import { changeOnce } from './call-service.ts';
import { type CommandCall, type CommandResult, readName, type ServiceCommand } from './ledger-command.ts';
import { limitOption, listItems } from './listed-items.ts';

const named = { '<account>': { meaning: 'its id, or its external id', read: readName } };
const exampleAccount = '01936f00-0000-7000-8000-000000000101';

const formatOptions = {
  '--format <format>': { meaning: 'json, csv, ...: all of docs/statements.md', otherwise: 'json' },
  '--format-version <version>': { meaning: 'of the format, where it has several: 13 of camt.053' },
  '--language <language>': { meaning: 'of what people read: en, de, es or fr' },
  '--out <file>': { meaning: 'a file that is not there yet; without it, the statement goes to standard output' },
};

/** Lists the statements of an account. */
export const listStatements: ServiceCommand = {
  name: 'statement list',
  summary: 'Lists the statements of an account, the latest first.',
  parameters: named,
  options: limitOption,
  example: exampleAccount,
  async ask(service, [name], { options }) {
    const { id: accountId } = await findAccount(service, name!);
    const listed = service.each('listStatements', { accountId, order: 'desc', limit: 200 });
    return listItems(listed, options.limit!, describeStatement);
  },
};

/** Writes a statement in a format. */
export const showStatement: ServiceCommand = {
  name: 'statement show',
  summary: 'Writes a statement with all of its lines, in a format of choice.',
  parameters: { ...named, '<number>': { meaning: 'its number: 1 is the first of the account', read: readNumber } },
  options: formatOptions,
  example: `${exampleAccount} 1 --format pdf --language de --out november.pdf`,
  async ask(service, [name, number], call) {
    const { id: accountId } = await findAccount(service, name!);
    const asked = { accountId, number: Number.parseInt(number!, 10), ...formatOf(call) };
    return writeOut(await service.open('getStatement', asked), call);
  },
};

/** Writes what was booked on any days. */
export const interimStatement: ServiceCommand = {
  name: 'statement interim',
  summary: 'Writes what was booked on an account from one day to another, which may be today, without a number.',
  parameters: {
    ...named,
    '<from>': { meaning: 'the first day, in the time zone of the account: 2026-11-01', read: readName },
    '<to>': { meaning: 'the last day', read: readName },
  },
  options: formatOptions,
  example: `${exampleAccount} 2026-11-01 2026-11-30 --format csv`,
  async ask(service, [name, from, to], call) {
    const { id: accountId } = await findAccount(service, name!);
    return writeOut(
      await service.open('getInterimStatement', { accountId, from: from!, to: to!, ...formatOf(call) }),
      call,
    );
  },
};

/** Issues the next statement. */
export const issueStatement: ServiceCommand = {
  name: 'statement issue',
  summary: 'Issues the next statement of an account, up to the end of a day that is over.',
  parameters: {
    ...named,
    '<through>': { meaning: 'the last day, in the time zone of the account: 2026-11-30', read: readName },
  },
  options: { '--key <text>': { meaning: 'the idempotency key, to run it once; made up without it' } },
  example: `${exampleAccount} 2026-11-30`,
  async ask(service, [name, through], { options }) {
    const { id: accountId } = await findAccount(service, name!);
    const issued = await changeOnce(options.key, (once) =>
      service.issueStatement({ accountId, through: through! }, once),
    );
    return { text: describeStatement(issued), json: issued };
  },
};

function readNumber(text: string): string {
  if (/^[1-9]\d{0,8}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a whole number from 1 on.');
}

/** As it was typed: which formats there are, the service knows. */
function formatOf({ options: { format, formatVersion: version, language } }: CommandCall) {
  return {
    format: format as 'json',
    ...(version === undefined ? {} : { version }),
    ...(language === undefined ? {} : { language: language as 'en' }),
  };
}

/** Nothing stays of a file that is not whole. */
async function writeOut({ body }: Opened, { options, write }: CommandCall): Promise<CommandResult | undefined> {
  const parts = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  const { out } = options;
  if (out === undefined) {
    for await (const part of parts) await write(part);
    return undefined;
  }
  const file = createWriteStream(out, { flags: 'wx', mode: 0o600, flush: true });
  let isOpen = false;
  file.once('open', () => {
    isOpen = true;
  });
  try {
    await pipeline(parts, file);
  } catch (error) {
    if (isOpen) await rm(out, { force: true });
    throw new OperatorError(`The statement could not be written: ${(error as Error).message}.`, { cause: error });
  }
  return { text: `The statement is in ${out}.`, json: { file: out, bytes: file.bytesWritten } };
}

function describeStatement({ number, periodFrom, periodTo, ...statement }: Statement): string {
  const { opening, closing, currency, credits, debits } = statement;
  const moved = `${credits.sum} in (${credits.count}), ${debits.sum} out (${debits.count})`;
  return `${number}: ${periodFrom} to ${periodTo}, ${opening} to ${closing} ${currency}: ${moved}`;
}
