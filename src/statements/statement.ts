import { z } from 'zod';
import { transactionTypes } from '../ledger/booked-transaction.ts';
import {
  amount,
  count,
  currencyCode,
  dayText,
  hashText,
  instantText,
  signedAmount,
  uuid,
} from '../ledger/document-fields.ts';

export const sumDocument = z.strictObject({ count, sum: amount }).meta({ id: 'StatementSum' });

const movedFields = { credits: sumDocument, debits: sumDocument };

/**
 * What is stored of a statement, and what every format begins with. Amounts are decimal text in the currency's scale.
 * It names parties and accounts by their ids alone, because it is hashed and never changes.
 */
export const statementDocument = z
  .strictObject({
    id: uuid,
    /** 1, 2, 3, ... of its account; null for an interim statement, which is not stored. */
    number: z.int().positive().nullable(),
    accountId: uuid,
    currency: currencyCode,
    /** Of the account, when the statement was drawn up: days of the period begin and end in it. */
    timeZone: z.string(),
    periodFrom: instantText,
    /** Exclusive. */
    periodTo: instantText,
    fromVersion: z.int().positive(),
    /** One less than `fromVersion` where nothing was booked. */
    toVersion: count,
    opening: signedAmount,
    closing: signedAmount,
    ...movedFields,
    /** Who initiated what left the account, and what was deposited: parties by id, and null for the calling service. */
    by: z.array(z.strictObject({ partyId: uuid.nullable(), ...movedFields }).meta({ id: 'StatementShare' })).readonly(),
    /** The rest: what came from other accounts, which is the payers' affair, and parties beyond a hundred. */
    others: z.strictObject(movedFields),
    issuedAt: instantText,
    /** SHA-256 of the canonical JSON (RFC 8785) of all fields but this one. */
    hash: hashText,
  })
  .meta({ id: 'Statement' });

export type Statement = z.output<typeof statementDocument>;

const namedParty = z.strictObject({ id: uuid, name: z.string().nullable() }).meta({ id: 'StatementParty' });

const lineDocument = z
  .strictObject({
    transactionId: uuid,
    version: z.int().positive(),
    type: z.enum(transactionTypes),
    amount: signedAmount,
    balanceAfter: signedAmount,
    bookedAt: instantText,
    valueDate: dayText,
    description: z.string().nullable(),
    reference: z.string().nullable(),
    externalId: z.string().nullable(),
    initiatedBy: namedParty.nullable(),
    signedBy: z.array(namedParty).readonly(),
    /** The only other account of the transaction, where that is no clearing account. */
    counterparty: z.strictObject({ accountId: uuid, name: z.string() }).nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'StatementLine' });

/** An entry, as the reader may know it: all that the list of entries would tell, and nothing else. */
export type StatementLine = z.output<typeof lineDocument>;

const documentFields = {
  statement: statementDocument,
  account: z.strictObject({ name: z.string(), externalId: z.string().nullable() }),
  holders: z.array(namedParty).readonly(),
};

/**
 * A statement with what readers want to see beside it, as that is when it is read: names change and are erased, so they
 * are in no hash. A name is null where the reader may not know it.
 */
export type StatementDocument = z.output<z.ZodObject<typeof documentFields>>;

/** The same with all of its lines, as JSON has it. */
export const wholeStatementDocument = z
  .strictObject({ ...documentFields, lines: z.array(lineDocument) })
  .meta({ id: 'WholeStatement' });

/** The languages of what people read, the first where nothing says which. */
export const statementLanguages = ['en', 'de', 'es', 'fr'] as const;

export type StatementLanguage = (typeof statementLanguages)[number];

/** How a reader wants a statement written; what a format has no use for, it passes over. */
export interface FormatOptions {
  /** One of those that the format has. */
  readonly version?: string | undefined;
  readonly language?: StatementLanguage | undefined;
}

/** A way to write statements down. */
export interface StatementFormat {
  readonly mediaType: string;
  /** Without the dot. */
  readonly fileExtension: string;
  /** The versions there are of it, the first where none is asked for; a format without has one. */
  readonly versions?: readonly [string, ...string[]];
  /** More entries are refused: of what cannot be written in constant memory. */
  readonly maxLines?: number;
  /**
   * Writes a statement piece by piece, in constant memory: lines come in the order of their versions, and can be read
   * once, as they are asked for. Throws what reading them throws.
   */
  write(
    document: StatementDocument,
    lines: AsyncIterable<StatementLine>,
    options: FormatOptions,
  ): AsyncIterable<string | Uint8Array>;
}
