import type { StatementDocument, StatementFormat, StatementLine } from '../statement.ts';
import { isDebit, unsigned } from './entry-side.ts';
import { bareId, labelOf, oneLine, shortId } from './fitting-text.ts';
import { toLatin } from './latin-text.ts';
import { type Clock, clockOf, periodOf } from './local-times.ts';

/** Field 86: six lines of 65 characters. */
const narrative = { lines: 6, width: 65 };

/** The character set X of SWIFT; what it lacks becomes a full stop. */
function swiftText(text: string): string {
  return oneLine(toLatin(text)).replaceAll(/[^A-Za-z0-9/\-?:().,'+ ]/g, '.');
}

/** With a comma, which stands there also where no decimals follow. */
function swiftAmount(amount: string): string {
  const [whole, decimals = ''] = unsigned(amount).split('.');
  return `${whole},${decimals}`;
}

const side = (amount: string) => (isDebit(amount) ? 'D' : 'C');

/** Of a day, `261130`. */
const shortDay = (day: string) => day.slice(2).replaceAll('-', '');

const balance = (tag: string, amount: string, { day, currency }: { day: string; currency: string }) =>
  `:${tag}:${side(amount)}${shortDay(day)}${currency}${swiftAmount(amount)}\r\n`;

/** A reference has no slash at its ends and no two together, so it has none. */
function referenceOf({ reference }: StatementLine): string {
  const text = swiftText(reference ?? '').replaceAll('/', '-');
  return text.slice(0, 16).trim() || 'NONREF';
}

/** Begins with the type, because some readers take three digits at the beginning for a code. */
function narrativeOf({ type, counterparty, initiatedBy, signedBy, description, reference }: StatementLine): string {
  const parts = [
    type.replaceAll('_', ' '),
    counterparty?.name,
    initiatedBy && `by ${labelOf(initiatedBy)}`,
    signedBy.length > 0 && `signed by ${signedBy.map(labelOf).join(', ')}`,
    description,
    reference,
  ].filter((part) => typeof part === 'string');
  const { lines, width } = narrative;
  // No line begins with what begins a field or ends the message. With a space before it, one is as wide as can be.
  const rows = swiftText(parts.join(' / ')).match(new RegExp(`.{1,${width - 1}}`, 'g')) ?? [];
  return rows
    .slice(0, lines)
    .map((row) => (/^[:-]/.test(row) ? ` ${row}` : row))
    .join('\r\n');
}

function entryOf(line: StatementLine, clock: Clock): string {
  const { amount, valueDate, bookedAt, transactionId } = line;
  const days = `${shortDay(valueDate)}${clock(bookedAt).day.slice(5).replace('-', '')}`;
  const code = line.type === 'transfer' ? 'NTRF' : 'NMSC';
  return (
    `:61:${days}${side(amount)}${swiftAmount(amount)}${code}${referenceOf(line)}//${shortId(transactionId)}\r\n` +
    `:86:${narrativeOf(line)}\r\n`
  );
}

function headOf({ statement }: StatementDocument, day: string): string {
  const { id, accountId, number, opening, currency } = statement;
  // Five digits of the number are all that fit.
  const sequence = String((number ?? 0) % 100_000).padStart(5, '0');
  const head = `:20:${shortId(id)}\r\n:25:${bareId(accountId)}\r\n:28C:${sequence}/00001\r\n`;
  return head + balance('60F', opening, { day, currency });
}

/** MT940, the statement of SWIFT, as one message without its envelope. */
export const mt940Format: StatementFormat = {
  mediaType: 'text/x-mt940; charset=us-ascii',
  fileExtension: 'sta',
  async *write(document, lines) {
    const { statement } = document;
    const { timeZone, closing, currency } = statement;
    const clock = clockOf(timeZone);
    const { first, last } = periodOf(statement, clock);
    yield headOf(document, first.day);
    for await (const line of lines) yield entryOf(line, clock);
    yield `${balance('62F', closing, { day: last.day, currency })}-\r\n`;
  },
};
