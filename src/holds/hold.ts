import { z } from 'zod';
import { type Explanation, explanationDocument } from '../accounts/explain.ts';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { amount, currencyCode, instantText, uuid } from '../ledger/document-fields.ts';
import { notesOfDocument } from '../ledger/movement-notes.ts';
import type { Money } from '../money/money.ts';

export const holdStatuses = ['active', 'captured', 'voided', 'expired'] as const;

export type HoldStatus = (typeof holdStatuses)[number];

/** Money of an account that is reserved now, to be captured or released later. */
export interface Hold extends MovementNotes {
  readonly id: string;
  /** A payment order reserves its money by a hold that has its id, and alone decides what becomes of it. */
  readonly kind: 'hold' | 'payment_order';
  readonly accountId: string;
  /** The account that captures pay; null when what is captured leaves the ledger. */
  readonly toAccountId: string | null;
  readonly status: HoldStatus;
  readonly amount: Money;
  /** What is still reserved; above zero as long as the hold is active, and only then. */
  readonly remaining: Money;
  readonly captured: Money;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly finishedAt: Date | null;
}

/** A hold as callers see it. */
export const holdDocument = z
  .strictObject({
    id: uuid,
    kind: z.enum(['hold', 'payment_order']),
    accountId: uuid,
    toAccountId: uuid.nullable(),
    status: z.enum(holdStatuses),
    amount,
    currency: currencyCode,
    remaining: amount,
    captured: amount,
    ...notesOfDocument,
    createdAt: instantText,
    expiresAt: instantText,
    finishedAt: instantText.nullable(),
  })
  .meta({ id: 'Hold' });

/** A hold that would be placed. Why it could be is for those who may read the account. */
export const dryHoldDocument = holdDocument
  .extend({
    id: z.null(),
    status: z.literal('dry_run'),
    explanation: explanationDocument.exactOptional(),
  })
  .meta({ id: 'DryRunHold' });

/** Only dry runs are explained. */
export type HoldDocument = z.output<typeof holdDocument> & { explanation?: Explanation };

export function presentHold(hold: Hold): HoldDocument {
  return {
    id: hold.id,
    kind: hold.kind,
    accountId: hold.accountId,
    toAccountId: hold.toAccountId,
    status: hold.status,
    amount: hold.amount.toString(),
    currency: hold.amount.currency,
    remaining: hold.remaining.toString(),
    captured: hold.captured.toString(),
    initiatedBy: hold.initiatedBy,
    authentication: hold.authentication,
    description: hold.description,
    reference: hold.reference,
    metadata: hold.metadata,
    createdAt: hold.createdAt.toISOString(),
    expiresAt: hold.expiresAt.toISOString(),
    finishedAt: hold.finishedAt?.toISOString() ?? null,
  };
}
