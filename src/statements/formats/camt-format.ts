import type { Statement, StatementDocument, StatementFormat, StatementLine } from '../statement.ts';
import { isDebit, unsigned } from './entry-side.ts';
import { bareId, clip, labelOf, piecesOf } from './fitting-text.ts';
import { type Clock, clockOf, periodOf, withOffset } from './local-times.ts';
import { element, xmlText } from './xml-text.ts';

/** What differs between the messages of ISO 20022 that banks tell of accounts with. */
interface Message {
  readonly name: 'camt.052.001' | 'camt.053.001';
  readonly root: string;
  readonly body: string;
  readonly addition: string;
  /** The closing balance of what has no number: more may be booked on the same day. */
  readonly interimClosing: string;
}

const statementMessage: Message = {
  ...{ name: 'camt.053.001', root: 'BkToCstmrStmt', body: 'Stmt', addition: 'AddtlStmtInf' },
  interimClosing: 'CLBD',
};
const reportMessage: Message = {
  ...{ name: 'camt.052.001', root: 'BkToCstmrAcctRpt', body: 'Rpt', addition: 'AddtlRptInf' },
  interimClosing: 'ITBD',
};

const max = { name: 140, accountName: 70, reference: 35, remittance: 140, addition: 500 };

const side = (amount: string) => element('CdtDbtInd', isDebit(amount) ? 'DBIT' : 'CRDT');

const amountOf = (amount: string, currency: string) => `<Amt Ccy="${currency}">${unsigned(amount)}</Amt>`;

function* headOf(
  { name, root, body, interimClosing }: Message,
  { statement, account, holders }: StatementDocument,
  { version, clock }: { version: string; clock: Clock },
): Generator<string> {
  const { number, currency, opening, closing, credits, debits } = statement;
  const { first, last } = periodOf(statement, clock);
  const issued = element('CreDtTm', withOffset(clock(statement.issuedAt)));
  const id = bareId(statement.id);
  const owners = xmlText(clip(holders.map(labelOf).join(', '), max.name));
  const balance = (code: string, amount: string, day: string) =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp>${amountOf(amount, currency)}${side(amount)}` +
    `<Dt><Dt>${day}</Dt></Dt></Bal>\n`;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:${name}.${version}">`;
  yield `<${root}><GrpHdr><MsgId>${id}</MsgId>${issued}</GrpHdr><${body}>\n<Id>${id}</Id>`;
  if (number !== null) yield `<ElctrncSeqNb>${number}</ElctrncSeqNb><LglSeqNb>${number}</LglSeqNb>`;
  yield `${issued}<FrToDt><FrDtTm>${withOffset(first)}</FrDtTm><ToDtTm>${withOffset(last)}</ToDtTm></FrToDt>\n`;
  yield `<Acct><Id><Othr><Id>${bareId(statement.accountId)}</Id></Othr></Id><Ccy>${currency}</Ccy>`;
  yield element('Nm', xmlText(clip(account.name, max.accountName)));
  yield `${element('Ownr', element('Nm', owners))}</Acct>\n`;
  yield balance('OPBD', opening, first.day);
  yield balance(number === null ? interimClosing : 'CLBD', closing, last.day);
  const sum = (tag: string, moved: Statement['credits']) =>
    `<${tag}><NbOfNtries>${moved.count}</NbOfNtries><Sum>${moved.sum}</Sum></${tag}>`;
  yield `<TxsSummry>${sum('TtlCdtNtries', credits)}${sum('TtlDbtNtries', debits)}</TxsSummry>\n`;
}

/** Who initiated it, and the other account: of what came in the debtor, of what left the creditor. */
function partiesOf({ amount, initiatedBy, counterparty }: StatementLine): string {
  const named = (name: string) => element('Pty', element('Nm', xmlText(clip(name, max.name))));
  const other = isDebit(amount) ? 'Cdtr' : 'Dbtr';
  const account = (id: string) => element('Id', element('Othr', element('Id', bareId(id))));
  return (
    element('InitgPty', initiatedBy === null ? '' : named(labelOf(initiatedBy))) +
    (counterparty === null
      ? ''
      : element(other, named(counterparty.name)) + element(`${other}Acct`, account(counterparty.accountId)))
  );
}

/** What it is for: the description, whole, in pieces; and the reference, as that of the creditor where it fits. */
function remittanceOf({ description, reference }: StatementLine): string {
  const fits = reference !== null && Array.from(reference).length <= max.reference;
  const texts = [description, fits ? null : reference].flatMap((text) => piecesOf(text ?? '', max.remittance));
  const unstructured = texts.map((text) => element('Ustrd', xmlText(text))).join('');
  if (!fits) return unstructured;
  return `${unstructured}<Strd><CdtrRefInf>${element('Ref', xmlText(reference))}</CdtrRefInf></Strd>`;
}

function entryOf(line: StatementLine, { currency }: Statement, clock: Clock): string {
  const { amount, version, type, bookedAt, valueDate, externalId, signedBy } = line;
  const id = element('AcctSvcrRef', bareId(line.transactionId));
  // A reference of its own that does not fit would be another one if it were cut.
  const fits = externalId !== null && Array.from(externalId).length <= max.reference;
  const endToEndId = element('EndToEndId', fits ? xmlText(externalId) : '');
  const signers = signedBy.length === 0 ? '' : clip(`Signed by ${signedBy.map(labelOf).join(', ')}`, max.addition);
  return (
    `<Ntry><NtryRef>${version}</NtryRef>${amountOf(amount, currency)}${side(amount)}` +
    element('RvslInd', type === 'reversal' ? 'true' : '') +
    `<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>${withOffset(clock(bookedAt))}</DtTm></BookgDt>` +
    `<ValDt><Dt>${valueDate}</Dt></ValDt>${id}` +
    `<BkTxCd><Prtry><Cd>${type}</Cd><Issr>joint-ledger</Issr></Prtry></BkTxCd>` +
    `<NtryDtls><TxDtls><Refs>${id}${endToEndId}</Refs>${element('RltdPties', partiesOf(line))}` +
    `${element('RmtInf', remittanceOf(line))}${element('AddtlTxInf', xmlText(signers))}</TxDtls></NtryDtls></Ntry>\n`
  );
}

function camtFormat(message: Message): StatementFormat {
  return {
    mediaType: 'application/xml; charset=utf-8',
    fileExtension: 'xml',
    versions: ['08', '13'],
    async *write(document, lines, { version = '08' }) {
      const { statement } = document;
      const clock = clockOf(statement.timeZone);
      yield* headOf(message, document, { version, clock });
      for await (const line of lines) yield entryOf(line, statement, clock);
      const { hash, fromVersion, toVersion } = statement;
      const proof = `sha-256 ${hash}, versions ${fromVersion} to ${toVersion} of the account`;
      yield `${element(message.addition, proof)}</${message.body}></${message.root}></Document>\n`;
    },
  };
}

/** camt.053, the statement that banks send to bookkeepers (ISO 20022). */
export const camt053Format = camtFormat(statementMessage);

/** camt.052, the same as a report on a period that may still be going on. */
export const camt052Format = camtFormat(reportMessage);
