import { hash } from 'node:crypto';
import { z } from 'zod';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { count, currencyCode, hashText, instantText, uuid } from '../ledger/document-fields.ts';
import { notesOfDocument } from '../ledger/movement-notes.ts';
import { readSettled, type SignatureReading } from '../ownership/read-signatures.ts';
import {
  type Authorisation,
  authorisationDocument,
  type Instruction,
  presentAuthorisations,
  type SignedAs,
} from '../signatures/authorisations.ts';
import { multiAuthorisationDocument, presentMultiAuthorisation } from '../signatures/multi-authorisation.ts';
import { type AmountRule, amountRuleDocument, presentAmountRule } from './amount-rule.ts';
import { type CatchUpRule, catchUpRules } from './catch-up.ts';
import { nextDueAfter, nextOccurrence, type Occurrence, type Schedule, scheduleDocument } from './schedule.ts';

export const standingOrderStatuses = [
  'waiting',
  'active',
  'paused',
  'completed',
  'rejected',
  'cancelled',
  'expired',
] as const;

export type StandingOrderStatus = (typeof standingOrderStatuses)[number];

/** How often a run that was refused is tried again, and how long after. */
export interface Retries {
  readonly times: number;
  readonly everyMinutes: number;
}

/** A transfer that is made again and again, or once at a time, without a new request for it. */
export interface StandingOrder extends MovementNotes {
  readonly id: string;
  readonly status: StandingOrderStatus;
  /** The account that pays, and the one that is paid. */
  readonly accountId: string;
  readonly toAccountId: string;
  readonly currency: string;
  readonly rule: AmountRule;
  readonly schedule: Schedule;
  readonly catchUp: CatchUpRule;
  readonly retries: Retries;
  /** It was signed under this version of the mandate, whatever becomes of the mandate. */
  readonly mandateVersion: number;
  readonly signedAs: SignedAs;
  /** The parties whose signatures it is executed on; null before all have signed. */
  readonly signedBy: readonly string[] | null;
  /** Occurrences up to this instant are dealt with, or lie before the order; null before it is active. */
  readonly handledUntil: Date | null;
  /** What is executed next, while the order is active. */
  readonly next: Occurrence | null;
  /** When workers look at it again, while the order is active: when `next` is due, or is to be tried again. */
  readonly nextAttemptAt: Date | null;
  /** How often `next` has been tried. */
  readonly attempts: number;
  readonly createdAt: Date;
  /** Until when it waits for signatures; null for one that never had to. */
  readonly expiresAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A standing order as callers see it. */
export const standingOrderDocument = amountRuleDocument
  .extend({
    id: uuid,
    status: z.enum(standingOrderStatuses),
    fromAccountId: uuid,
    toAccountId: uuid,
    currency: currencyCode,
    schedule: scheduleDocument,
    catchUp: z.enum(catchUpRules),
    retries: z.strictObject({ times: count, everyMinutes: count }),
    ...notesOfDocument,
    mandateVersion: count,
    /** What a signer signs: SHA-256 of exactly this order. */
    instructionHash: hashText,
    multiAuthorisation: multiAuthorisationDocument,
    handledUntil: instantText.nullable(),
    nextRunAt: instantText.nullable(),
    /** Later than `nextRunAt` when that was refused and is tried again. */
    nextAttemptAt: instantText.nullable(),
    createdAt: instantText,
    expiresAt: instantText.nullable(),
    finishedAt: instantText.nullable(),
  })
  .meta({ id: 'StandingOrder' });

export type StandingOrderDocument = z.output<typeof standingOrderDocument>;

/** The same with who decided what, which the events of its runs leave out. */
export const signedStandingOrderDocument = standingOrderDocument
  .extend({ authorisations: z.array(authorisationDocument) })
  .meta({ id: 'SignedStandingOrder' });

export type SignedStandingOrderDocument = z.output<typeof signedStandingOrderDocument>;

/**
 * SHA-256 over all terms as canonical JSON, so that a signatory states what exactly was signed; in version 1 without
 * metadata and initiator. Stored with the order and each signature: what changes here must give the same hashes.
 */
export function standingOrderHash(order: StandingOrder): Buffer {
  const { id, accountId, toAccountId, currency, rule, schedule, catchUp, retries, mandateVersion } = order;
  const { description, reference } = order;
  const terms = { id, accountId, toAccountId, currency, ...presentAmountRule(rule), schedule, catchUp, retries };
  const first = { ...terms, description, reference, mandateVersion };
  const { initiatedBy, metadata } = order;
  const signed = order.signedAs.version === 1 ? first : { version: 2, ...first, initiatedBy, metadata };
  return hash('sha256', canonicalJson(signed), 'buffer');
}

/** What is signed of an order. */
export function instructionOf(order: StandingOrder): Instruction {
  return { id: order.id, name: 'standing order', hash: standingOrderHash(order), stored: order.signedAs.hash };
}

/** An order that is not signed yet takes a reading of its signatures. */
export function presentStandingOrder(
  order: StandingOrder,
  reading: SignatureReading = readSettled(order.signedBy ?? []),
): StandingOrderDocument {
  const { status, expiresAt } = order;
  const authorised = status === 'waiting' ? 'AwaitingFurtherAuthorisation' : 'Rejected';
  return {
    id: order.id,
    status: order.status,
    fromAccountId: order.accountId,
    toAccountId: order.toAccountId,
    currency: order.currency,
    ...presentAmountRule(order.rule),
    schedule: order.schedule,
    catchUp: order.catchUp,
    retries: order.retries,
    initiatedBy: order.initiatedBy,
    authentication: order.authentication,
    description: order.description,
    reference: order.reference,
    metadata: order.metadata,
    mandateVersion: order.mandateVersion,
    instructionHash: standingOrderHash(order).toString('hex'),
    multiAuthorisation: presentMultiAuthorisation(
      order.signedBy === null ? authorised : 'Authorised',
      reading,
      expiresAt,
    ),
    handledUntil: order.handledUntil?.toISOString() ?? null,
    nextRunAt: order.next?.dueAt.toISOString() ?? null,
    nextAttemptAt: order.nextAttemptAt?.toISOString() ?? null,
    createdAt: order.createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    finishedAt: order.finishedAt?.toISOString() ?? null,
  };
}

export function presentSigned(
  order: StandingOrder,
  reading: SignatureReading,
  given: readonly Authorisation[],
): SignedStandingOrderDocument {
  return {
    ...presentStandingOrder(order, reading),
    authorisations: presentAuthorisations(given),
  };
}

const halfADayMs = 12 * 3_600_000;

/**
 * Until when an occurrence leaves nothing to deal with: half a day after it. When a government changes the clocks of a
 * time zone, the day that was executed is named by another instant, hours later at most; the next day's is never so
 * near.
 */
export function endOf({ at }: Occurrence): Date {
  return new Date(at.getTime() + halfADayMs);
}

/** The order with everything up to an instant dealt with: active until its next occurrence, or completed. */
export function moveOn(order: StandingOrder, handledUntil: Date, now: Date): StandingOrder {
  const next = nextOccurrence(order.schedule, handledUntil);
  if (next === undefined) return finish({ ...order, handledUntil }, 'completed', now);
  return { ...order, status: 'active', handledUntil, next, nextAttemptAt: next.dueAt, attempts: 0 };
}

/**
 * The order as it goes on from this moment, completed when nothing lies ahead. What was to be executed before this
 * moment is not the order's: nobody could have expected it to be executed.
 */
export function activate(order: StandingOrder, now: Date): StandingOrder {
  const next = nextDueAfter(order.schedule, order.handledUntil, now);
  if (next === undefined) return finish(order, 'completed', now);
  return moveOn(order, later(order.handledUntil, new Date(next.at.getTime() - halfADayMs)), now);
}

export function finish(
  order: StandingOrder,
  status: 'completed' | 'rejected' | 'cancelled' | 'expired',
  finishedAt: Date,
): StandingOrder {
  return { ...rest(order), status, finishedAt };
}

/** The order with nothing that is next. What was tried in vain is given up. */
export function rest(order: StandingOrder): StandingOrder {
  const handledUntil = order.attempts > 0 && order.next !== null ? endOf(order.next) : order.handledUntil;
  return { ...order, handledUntil, next: null, nextAttemptAt: null, attempts: 0 };
}

/** The order as it stands at this moment: one whose time to be signed is over has expired, noted or not. */
export function asOfNow(order: StandingOrder, now: Date): StandingOrder {
  if (order.status !== 'waiting' || order.expiresAt === null || order.expiresAt > now) return order;
  return finish(order, 'expired', order.expiresAt);
}

function later(one: Date | null, other: Date): Date {
  return one !== null && one > other ? one : other;
}
