import type { StatementDocument, StatementFormat, StatementLine } from '../statement.ts';
import { signed } from './entry-side.ts';
import { labelOf, oneLine } from './fitting-text.ts';
import { type Clock, clockOf, periodOf } from './local-times.ts';

/**
 * Text in a journal, which has no way to escape. A semicolon begins a comment, hledger splits payees at a bar, and
 * both read dates in square brackets, of which some are none.
 */
function journalText(text: string): string {
  return oneLine(text).replaceAll(/[;|[\]]/g, (mark) => ({ ';': ',', '|': '/', '[': '(', ']': ')' })[mark]!);
}

/** A part of an account's name: a colon would begin another part. */
function accountPart(name: string): string {
  return journalText(name).replaceAll(':', '-') || '-';
}

function headOf({ statement, account }: StatementDocument, { place, clock }: { place: string; clock: Clock }): string {
  const { number, accountId, currency, opening, hash } = statement;
  const { first } = periodOf(statement, clock);
  const title = number === null ? 'Interim statement' : `Statement ${number}`;
  const [, decimals] = opening.split('.');
  // Of a single mark, nothing else says whether it is a decimal point or one of thousands.
  const commodity =
    decimals === undefined
      ? ''
      : `commodity ${currency}\n    format 1000.${'0'.repeat(decimals.length)} ${currency}\n\n`;
  return (
    `; ${title} of ${journalText(account.name)} (${accountId})\n; sha-256 ${hash}\n\n` +
    commodity +
    // Without an amount, both post what is missing to this balance: nothing behind the statement before.
    `${first.day} * opening balance\n    ${place}  = ${signed(opening)} ${currency}\n    equity:opening balances\n\n`
  );
}

function entryOf(line: StatementLine, { place, currency, clock }: { place: string; currency: string; clock: Clock }) {
  const { version, amount, balanceAfter, bookedAt, valueDate, type, transactionId } = line;
  const { description, reference, counterparty, initiatedBy, signedBy } = line;
  const notes: ReadonlyArray<readonly [string, string | null]> = [
    ['transaction', transactionId],
    ['value', valueDate],
    ['reference', reference],
    ['by', initiatedBy && labelOf(initiatedBy)],
    ['signed', signedBy.length === 0 ? null : signedBy.map(labelOf).join(', ')],
  ];
  const comments = notes.flatMap(([name, text]) => (text === null ? [] : `    ; ${name}: ${journalText(text)}\n`));
  const other = accountPart(counterparty?.name ?? type.replaceAll('_', ' '));
  return (
    `${clock(bookedAt).day} * (${version}) ${journalText(description ?? '') || type}\n${comments.join('')}` +
    `    ${place}  ${signed(amount)} ${currency} = ${signed(balanceAfter)} ${currency}\n    equity:${other}\n\n`
  );
}

/** A journal that hledger and ledger both read, and in which each line says the balance that must come of it. */
export const journalFormat: StatementFormat = {
  mediaType: 'text/x-journal; charset=utf-8',
  fileExtension: 'journal',
  async *write(document, lines) {
    const { timeZone, currency } = document.statement;
    const clock = clockOf(timeZone);
    const place = `assets:${accountPart(document.account.name)}`;
    yield headOf(document, { place, clock });
    for await (const line of lines) yield entryOf(line, { place, currency, clock });
  },
};
