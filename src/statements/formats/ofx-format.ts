import type { StatementDocument, StatementFormat, StatementLine } from '../statement.ts';
import { isDebit, signed } from './entry-side.ts';
import { bareId, clip, labelOf, oneLine } from './fitting-text.ts';
import { type Clock, clockOf, type LocalTime, periodOf } from './local-times.ts';
import { element, xmlText } from './xml-text.ts';

const max = { name: 32, memo: 255, reference: 32, accountId: 22 };

const hourMs = 3_600_000;

/**
 * An instant in OFX (section 3.2.8.2): in whole hours from UTC, so that the day is that of the account also to readers
 * that look at nothing else. Midnight counts as no time at all, so it is written as one o'clock further east.
 */
function ofxTime({ day, time, offsetMs }: LocalTime): string {
  const utc = Date.parse(`${day}T${time}Z`) - offsetMs;
  let hours = Math.floor(offsetMs / hourMs);
  const at = () => new Date(utc + hours * hourMs).toISOString();
  if (at().slice(11, 19) === '00:00:00') hours++;
  return `${at().replaceAll(/[-:TZ]/g, '')}[${hours}]`;
}

/** A line as far as it goes, escaped. */
const line = (text: string, length: number) => xmlText(clip(oneLine(text), length).trim());

function* headOf({ statement }: StatementDocument, clock: Clock): Generator<string> {
  const { accountId, currency, issuedAt } = statement;
  const { first, last } = periodOf(statement, clock);
  const isOk = '<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>';
  // The last digits of the id are random, and 22 characters are all that fit.
  const account = element('ACCTID', bareId(accountId).slice(-max.accountId));
  yield '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n';
  yield '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n<OFX>';
  yield `<SIGNONMSGSRSV1><SONRS>${isOk}${element('DTSERVER', ofxTime(clock(issuedAt)))}<LANGUAGE>ENG</LANGUAGE>`;
  yield `</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>0</TRNUID>${isOk}<STMTRS>`;
  yield `<CURDEF>${currency}</CURDEF><BANKACCTFROM><BANKID>0</BANKID>${account}<ACCTTYPE>CHECKING</ACCTTYPE>`;
  yield `</BANKACCTFROM>\n<BANKTRANLIST><DTSTART>${ofxTime(first)}</DTSTART><DTEND>${ofxTime(last)}</DTEND>\n`;
}

function entryOf(entry: StatementLine, clock: Clock): string {
  const { amount, bookedAt, valueDate, transactionId, reference, counterparty, description, type } = entry;
  const { initiatedBy, signedBy } = entry;
  const fits = reference !== null && Array.from(reference).length <= max.reference;
  const memo = [
    description,
    fits ? null : reference,
    initiatedBy && `by ${labelOf(initiatedBy)}`,
    signedBy.length > 0 && `signed by ${signedBy.map(labelOf).join(', ')}`,
  ].filter((part) => typeof part === 'string');
  return (
    `<STMTTRN><TRNTYPE>${isDebit(amount) ? 'DEBIT' : 'CREDIT'}</TRNTYPE>` +
    `<DTPOSTED>${ofxTime(clock(bookedAt))}</DTPOSTED><DTAVAIL>${valueDate.replaceAll('-', '')}</DTAVAIL>` +
    `<TRNAMT>${signed(amount)}</TRNAMT><FITID>${transactionId}</FITID>` +
    element('REFNUM', fits ? line(reference, max.reference) : '') +
    element('NAME', line(counterparty?.name ?? description ?? '', max.name) || type) +
    `${element('MEMO', line(memo.join(' / '), max.memo))}</STMTTRN>\n`
  );
}

/** OFX 2.2, which programs for household books read. */
export const ofxFormat: StatementFormat = {
  mediaType: 'application/x-ofx; charset=utf-8',
  fileExtension: 'ofx',
  async *write(document, lines) {
    const { statement } = document;
    const clock = clockOf(statement.timeZone);
    yield* headOf(document, clock);
    for await (const entry of lines) yield entryOf(entry, clock);
    const asOf = element('DTASOF', ofxTime(periodOf(statement, clock).last));
    yield `</BANKTRANLIST><LEDGERBAL>${element('BALAMT', signed(statement.closing))}${asOf}</LEDGERBAL>`;
    yield '</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n';
  },
};
