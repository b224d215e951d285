import { dayAfter } from '../../accounts/time-zone.ts';
import type { StatementDocument, StatementFormat, StatementLine } from '../statement.ts';
import { signed } from './entry-side.ts';
import { labelOf, oneLine } from './fitting-text.ts';
import { toLatin } from './latin-text.ts';
import { clockOf, periodOf } from './local-times.ts';

/**
 * The account's name as a part of an account in Beancount: letters, digits and dashes, a capital first. A name of which
 * nothing is left is told by its id.
 */
function accountOf({ statement, account }: StatementDocument): string {
  const part = toLatin(account.name)
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `Assets:${part === '' ? statement.accountId.toUpperCase() : part[0]!.toUpperCase() + part.slice(1)}`;
}

const quoted = (text: string) => `"${oneLine(text).replaceAll(/["\\]/g, '\\$&')}"`;

/** Balances are to be met exactly: without the tolerance Beancount would let a last digit pass. */
const balance = (day: string, account: string, { amount, currency }: { amount: string; currency: string }) =>
  `${day} balance ${account}  ${signed(amount)} ~ 0 ${currency}\n`;

function headOf(document: StatementDocument, { account, day }: { account: string; day: string }): string {
  const { number, currency, opening, hash } = document.statement;
  const title = `${document.account.name}, ${number === null ? 'interim statement' : `statement ${number}`}`;
  const accounts = [account, 'Equity:Opening-Balances', 'Equity:Others'];
  return (
    `option "title" ${quoted(title)}\noption "operating_currency" "${currency}"\n; sha-256 ${hash}\n\n` +
    `${accounts.map((name) => `1900-01-01 open ${name} ${currency}\n`).join('')}\n` +
    `${day} * "opening balance"\n  ${account}  ${signed(opening)} ${currency}\n  Equity:Opening-Balances\n\n`
  );
}

function entryOf(line: StatementLine, { account, day, currency }: { account: string; day: string; currency: string }) {
  const { type, amount, counterparty, description, initiatedBy, signedBy } = line;
  const notes = {
    transaction: line.transactionId,
    version: String(line.version),
    value: line.valueDate,
    reference: line.reference,
    by: initiatedBy && labelOf(initiatedBy),
    signed: signedBy.length === 0 ? null : signedBy.map(labelOf).join(', '),
  };
  const metadata = Object.entries(notes).flatMap(([name, text]) =>
    text === null ? [] : `  ${name}: ${quoted(text)}\n`,
  );
  return (
    `${day} * ${quoted(counterparty?.name ?? type)} ${quoted(description ?? '')}\n${metadata.join('')}` +
    `  ${account}  ${signed(amount)} ${currency}\n  Equity:Others\n\n`
  );
}

/** Beancount, with the balance of each day asserted: it asserts balances at the beginning of a day alone. */
export const beancountFormat: StatementFormat = {
  mediaType: 'text/x-beancount; charset=utf-8',
  fileExtension: 'beancount',
  async *write(document, lines) {
    const { statement } = document;
    const { timeZone, currency, opening, closing } = statement;
    const clock = clockOf(timeZone);
    const account = accountOf(document);
    const { first, last } = periodOf(statement, clock);
    yield headOf(document, { account, day: first.day });
    let before = { day: first.day, amount: opening };
    for await (const line of lines) {
      const { day } = clock(line.bookedAt);
      if (day !== before.day) yield `${balance(day, account, { amount: before.amount, currency })}\n`;
      yield entryOf(line, { account, day, currency });
      before = { day, amount: line.balanceAfter };
    }
    yield balance(dayAfter(last.day), account, { amount: closing, currency });
  },
};
