import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { allRoutes } from '../all-routes.ts';
import { type Client, type Currency, LedgerError, UnansweredError } from '../client/client.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { RefusalError } from '../errors/refusal.ts';
import { readInput } from '../http/read-input.ts';
import { Money } from '../money/money.ts';
import type { CommandTerminal } from './ledger-command.ts';
import { readChunks } from './read-chunks.ts';

/** What became of the lines of a file. */
export interface ImportedAccounts {
  opened: number;
  /** Those that had been opened before, by an earlier run perhaps. */
  found: number;
  deposited: number;
  depositedBefore: number;
}

const needed = ['externalId', 'name', 'currency'];
const optional = ['ownership', 'overdraftLimit', 'timeZone', 'holders', 'openingBalance'];

const columnsSentence = `${needed.join(', ')}, and any of ${optional.join(', ')}`;

/** The cells of a line by their columns; an empty one is left out. */
type Cells = Readonly<Record<string, string>>;

interface Line {
  readonly number: number;
  readonly cells: Cells;
}

const maxAccounts = 200_000;
const maxListed = 20;
/** The service commits together what waits together. */
const atOnce = 20;

/**
 * Opens accounts by their external ids, and deposits what they begin with. All lines are checked before anything is
 * done, by the schemas of the routes that they go to. An account is opened once, and a deposit's external id is made of
 * the account's id, so that a run that was killed is run again and books nothing twice. Throws OperatorError that names
 * the lines which do not fit, or the first that the service refused.
 */
export async function importAccounts(
  service: Client,
  file: string,
  progress: CommandTerminal['progress'],
): Promise<ImportedAccounts> {
  const total = await checkLines(file);
  const imported: ImportedAccounts = { opened: 0, found: 0, deposited: 0, depositedBefore: 0 };
  let [done, group] = [0, [] as Line[]];
  const importGroup = async () => {
    progress(done, total, 'accounts');
    const outcomes = await Promise.allSettled(group.map((line) => importLine(service, line, imported)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    done += group.length;
    group = [];
  };
  for await (const line of readLines(file)) {
    group.push(line);
    if (group.length === atOnce) await importGroup();
  }
  await importGroup();
  progress(total, total, 'accounts');
  return imported;
}

/** Answers how many there are. */
async function checkLines(file: string): Promise<number> {
  const problems: string[] = [];
  const seen = new Map<string, number>();
  for await (const { number, cells } of readLines(file)) {
    const before = seen.get(cells.externalId!);
    if (before !== undefined) problems.push(`line ${number}: externalId: stands in line ${before} already`);
    seen.set(cells.externalId!, number);
    problems.push(...problemsOf(cells).map((problem) => `line ${number}: ${problem}`));
    if (seen.size > maxAccounts) throw new OperatorError(`${file} has more than ${maxAccounts} accounts: divide it.`);
    if (problems.length > maxListed) break;
  }
  if (problems.length > 0) {
    const more = problems.length > maxListed ? ['and more'] : [];
    throw new OperatorError(
      [`${file} does not fit, and nothing was done:`, ...problems.slice(0, maxListed), ...more].join('\n  '),
    );
  }
  if (seen.size === 0) throw new OperatorError(`${file} has no accounts: its first line names ${columnsSentence}.`);
  return seen.size;
}

async function* readLines(file: string): AsyncGenerator<Line, void> {
  const parser = parse({
    ...{ bom: true, trim: true, skip_empty_lines: true, info: true, max_record_size: 100_000 },
    columns: (header: string[]) => checkHeader(file, header),
  });
  const source = Readable.from(readChunks(file)).on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const { info, record } of parser) {
      const cells = Object.entries(record as Cells).filter(([, cell]) => cell !== '');
      yield { number: info.lines, cells: Object.fromEntries(cells) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new OperatorError(`${file} is no CSV that can be read: ${error.message}.`, { cause: error });
  } finally {
    source.destroy();
  }
}

function checkHeader(file: string, header: string[]): string[] {
  const missing = needed.filter((column) => !header.includes(column));
  const unknown = header.filter(
    (column, index) => ![...needed, ...optional].includes(column) || header.indexOf(column) < index,
  );
  if (missing.length === 0 && unknown.length === 0) return header;
  const problems = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`has ${unknown.map((column) => JSON.stringify(column)).join(', ')}`] : []),
  ];
  throw new OperatorError(`The first line of ${file} ${problems.join(' and ')}; it names ${columnsSentence}.`);
}

const routes = allRoutes({
  webhookTargets: { allowHttp: false, allowed: [] },
  secretKeys: { current: null, before: [] },
});
const routeOf = (id: string) => routes.find((route) => route.id === id)!;
const [openRoute, depositRoute] = [routeOf('getOrOpenAccount'), routeOf('createDeposit')];

function problemsOf(cells: Cells): string[] {
  const problems: string[] = [];
  const check = (read: () => unknown, rename = (detail: string) => detail) => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      problems.push(rename(error.refusal.detail));
    }
  };
  if (Object.values(cells).some((cell) => cell.includes('\ufffd')))
    problems.push('has characters that are not in UTF-8');
  check(() => readInput(openRoute.params!, { externalId: cells.externalId }));
  check(() => readInput(openRoute.body!, accountOf(cells)));
  const deposit = depositOf(cells);
  if (deposit !== undefined)
    check(
      () => readInput(depositRoute.body!, deposit),
      (detail) => detail.replace(/^amount/, 'openingBalance'),
    );
  return problems;
}

function accountOf({ name, currency, ownership, overdraftLimit, timeZone, holders }: Cells) {
  return {
    ...{ name: name!, currency: currency as Currency, ownership: ownership as 'sole', overdraftLimit, timeZone },
    holders: holders?.split(/\s+/).map((partyId) => ({ partyId })),
  };
}

/** Undefined where an account begins with nothing. */
function depositOf({ openingBalance, currency }: Cells) {
  if (openingBalance === undefined || /^0(\.0+)?$/.test(openingBalance)) return undefined;
  return { amount: openingBalance, currency: currency as Currency, description: 'Opening balance' };
}

async function importLine(service: Client, { number, cells }: Line, imported: ImportedAccounts): Promise<void> {
  try {
    const opening = { externalId: cells.externalId!, ...accountOf(cells) };
    const { status, body } = await service.call('getOrOpenAccount', opening);
    imported[status === 201 ? 'opened' : 'found']++;
    const deposit = depositOf(cells);
    if (deposit === undefined) return;
    imported[(await depositOnce(service, body.id, deposit)) ? 'deposited' : 'depositedBefore']++;
  } catch (error) {
    const why = reasonOf(error);
    if (why === undefined) throw error;
    const way = 'Run the same command again when it is mended: what is done is not done twice.';
    throw new OperatorError(`Line ${number}: ${why} ${way}`, { cause: error });
  }
}

function reasonOf(error: unknown): string | undefined {
  if (LedgerError.is(error)) return `${error.problem.detail} (${error.code})`;
  return error instanceof UnansweredError || error instanceof OtherBalanceError ? `${error.message}.` : undefined;
}

/** The file's opening balance is not the one that was deposited before. */
class OtherBalanceError extends Error {
  override name = 'OtherBalanceError';
}

/** Answers false when it was booked before. Throws LedgerError of the service, and OtherBalanceError. */
async function depositOnce(
  service: Client,
  accountId: string,
  deposit: { amount: string; currency: Currency; description: string },
): Promise<boolean> {
  const externalId = `opening-balance:${accountId}`;
  try {
    await service.createDeposit({ accountId, ...deposit, externalId });
    return true;
  } catch (error) {
    if (!LedgerError.is(error, 'external_id_taken')) throw error;
    const booked = await service.getTransactionByExternalId({ externalId });
    if (booked.amount === Money.parse(deposit.amount, deposit.currency).toString()) return false;
    throw new OtherBalanceError(`The opening balance was booked as ${booked.amount}, not as ${deposit.amount}`);
  }
}
