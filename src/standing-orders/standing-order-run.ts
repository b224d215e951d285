import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import type { ErrorCode } from '../errors/error-catalogue.ts';
import { noSuch } from '../errors/no-such.ts';
import { amount, count, errorCode, instantText, uuid } from '../ledger/document-fields.ts';
import type { Money } from '../money/money.ts';

export const runStatuses = ['booked', 'retrying', 'refused', 'nothing_to_do', 'missed'] as const;

/** What became of one occurrence of a standing order. */
export interface StandingOrderRun {
  readonly id: string;
  readonly standingOrderId: string;
  /** The instant that the schedule's rule names, and when it was to be executed. */
  readonly occurrenceAt: Date;
  readonly dueAt: Date;
  readonly status: (typeof runStatuses)[number];
  readonly attempts: number;
  readonly amount: Money | null;
  readonly transactionId: string | null;
  /** Why the last attempt moved nothing. */
  readonly refusal: { readonly code: ErrorCode; readonly detail: string } | null;
  readonly lastAttemptAt: Date;
}

/** A run as callers see it. */
export const standingOrderRunDocument = z
  .strictObject({
    id: uuid,
    standingOrderId: uuid,
    occurrenceAt: instantText,
    dueAt: instantText,
    status: z.enum(runStatuses),
    attempts: count,
    amount: amount.nullable(),
    transactionId: uuid.nullable(),
    refusal: z.strictObject({ code: errorCode, detail: z.string() }).readonly().nullable(),
    lastAttemptAt: instantText,
  })
  .meta({ id: 'StandingOrderRun' });

export type StandingOrderRunDocument = z.output<typeof standingOrderRunDocument>;

/**
 * The id of the run of an occurrence, made of nothing else (RFC 9562, version 5): a worker that executes it a second
 * time comes out at the same id, and a transaction's origin is unique.
 */
export function runIdOf(standingOrderId: string, occurrenceAt: Date): string {
  return uuidv5(occurrenceAt.toISOString(), standingOrderId);
}

export function presentRun(run: StandingOrderRun): StandingOrderRunDocument {
  return {
    id: run.id,
    standingOrderId: run.standingOrderId,
    occurrenceAt: run.occurrenceAt.toISOString(),
    dueAt: run.dueAt.toISOString(),
    status: run.status,
    attempts: run.attempts,
    amount: run.amount?.toString() ?? null,
    transactionId: run.transactionId,
    refusal: run.refusal,
    lastAttemptAt: run.lastAttemptAt.toISOString(),
  };
}

/**
 * A run as a reader of the paying account may know it: what it was refused for on the account that is paid says nothing
 * of that account to who may not read it. Null stands for all accounts.
 */
export function toldRun(
  run: StandingOrderRunDocument,
  toAccountId: string,
  readable: ReadonlySet<string> | null,
): StandingOrderRunDocument {
  // A sentence names the account that it is about.
  const isOfReceiver = run.refusal?.detail.includes(toAccountId) ?? false;
  if (readable === null || readable.has(toAccountId) || !isOfReceiver) return run;
  const { code, detail } = noSuch('account', toAccountId);
  return { ...run, refusal: { code, detail } };
}

/** The same of what an event has to say; what is of no run says the same to all. */
export function toldRunOf(data: object, readable: ReadonlySet<string> | null): object {
  const { standingOrder, run } = data as {
    standingOrder?: { toAccountId: string };
    run?: StandingOrderRunDocument;
  };
  if (standingOrder === undefined || run === undefined) return data;
  return { ...data, run: toldRun(run, standingOrder.toAccountId, readable) };
}
