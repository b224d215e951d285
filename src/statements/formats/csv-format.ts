import { pipeline, Readable } from 'node:stream';
import { type Options, stringify } from 'csv-stringify';
import type { Statement, StatementFormat, StatementLine } from '../statement.ts';

/** The columns, by their names, with what stands in them; nothing where it is null. */
const columns: Readonly<Record<string, (line: StatementLine, statement: Statement) => string | number | null>> = {
  version: ({ version }) => version,
  bookedAt: ({ bookedAt }) => bookedAt,
  valueDate: ({ valueDate }) => valueDate,
  type: ({ type }) => type,
  amount: ({ amount }) => amount,
  currency: (_line, { currency }) => currency,
  balanceAfter: ({ balanceAfter }) => balanceAfter,
  description: ({ description }) => description,
  reference: ({ reference }) => reference,
  counterparty: ({ counterparty }) => counterparty?.name ?? null,
  counterpartyAccountId: ({ counterparty }) => counterparty?.accountId ?? null,
  initiatedBy: ({ initiatedBy }) => initiatedBy && (initiatedBy.name ?? initiatedBy.id),
  signedBy: ({ signedBy }) => signedBy.map(({ id, name }) => name ?? id).join('; '),
  externalId: ({ externalId }) => externalId,
  transactionId: ({ transactionId }) => transactionId,
  metadata: ({ metadata }) => metadata && JSON.stringify(metadata),
};

/** A minus sign makes a formula of a text, and none of an amount. */
const amounts: readonly (string | number | undefined)[] = ['amount', 'balanceAfter'];

const options: Options = {
  header: true,
  columns: Object.keys(columns),
  // RFC 4180.
  record_delimiter: 'windows',
  // A line feed or a return alone ends a line, too, for those who read it.
  quoted_match: /[\r\n]/,
  // What a spreadsheet would calculate instead of showing it has an apostrophe before it.
  escape_formulas: true,
  cast: {
    string: (value, { column }) => (amounts.includes(column) ? { value, escape_formulas: false } : value),
  },
};

/** CSV: a line of names, and one for each entry. Opening and closing balance follow from the first and the last. */
export const csvFormat: StatementFormat = {
  mediaType: 'text/csv; charset=utf-8',
  fileExtension: 'csv',
  async *write({ statement }, lines) {
    async function* rows() {
      for await (const line of lines) {
        yield Object.fromEntries(Object.entries(columns).map(([name, read]) => [name, read(line, statement)]));
      }
    }
    const csv = stringify(options);
    // Errors of the rows are those of the text, which is being read.
    pipeline(Readable.from(rows()), csv, () => {});
    for await (const chunk of csv) yield chunk as Buffer;
  },
};
