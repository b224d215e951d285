import { hash } from 'node:crypto';
import { z } from 'zod';
import { type Explanation, explanationDocument } from '../accounts/explain.ts';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { amount, count, currencyCode, dayText, hashText, instantText, uuid } from '../ledger/document-fields.ts';
import { notesOfDocument } from '../ledger/movement-notes.ts';
import type { Money } from '../money/money.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';
import {
  type Authorisation,
  authorisationDocument,
  type Instruction,
  presentAuthorisations,
  type SignedAs,
} from '../signatures/authorisations.ts';
import { multiAuthorisationDocument, presentMultiAuthorisation } from '../signatures/multi-authorisation.ts';

export const paymentOrderStatuses = ['waiting', 'booked', 'rejected', 'cancelled', 'expired'] as const;

export type PaymentOrderStatus = (typeof paymentOrderStatuses)[number];

/** An instruction to pay that lacks signatures. Its money is reserved by a hold with the order's id. */
export interface PaymentOrder extends MovementNotes {
  readonly id: string;
  readonly status: PaymentOrderStatus;
  readonly type: 'withdrawal' | 'transfer';
  /** The account that pays. */
  readonly accountId: string;
  /** The account that is paid; null for a withdrawal. */
  readonly toAccountId: string | null;
  readonly amount: Money;
  readonly valueDate: string | null;
  /** The calling service's own id for it and for its transaction: it keeps the id whatever becomes of it. */
  readonly externalId: string | null;
  /** The order is decided under this version of the mandate, whatever becomes of the mandate. */
  readonly mandateVersion: number;
  /** The place of the mandate's band under which it waits; null where its amount says it. */
  readonly band: number | null;
  readonly signedAs: SignedAs;
  readonly transactionId: string | null;
  /** The parties whose signatures it was booked on; null before. */
  readonly signedBy: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly finishedAt: Date | null;
}

/** A payment order that comes into being, with its initiator's signature where that is one of those it takes. */
export interface NewPaymentOrder {
  readonly order: PaymentOrder;
  readonly authorisations: readonly Authorisation[];
}

/** A payment order as callers see it. */
export const paymentOrderDocument = z
  .strictObject({
    id: uuid,
    kind: z.literal('payment_order'),
    type: z.enum(['withdrawal', 'transfer']),
    status: z.enum(paymentOrderStatuses),
    accountId: uuid,
    toAccountId: uuid.nullable(),
    amount,
    currency: currencyCode,
    valueDate: dayText.nullable(),
    ...notesOfDocument,
    externalId: z.string().nullable(),
    mandateVersion: count,
    /** What a signer signs: SHA-256 of exactly this instruction. */
    instructionHash: hashText,
    transactionId: uuid.nullable(),
    createdAt: instantText,
    expiresAt: instantText,
    finishedAt: instantText.nullable(),
    multiAuthorisation: multiAuthorisationDocument,
    authorisations: z.array(authorisationDocument),
  })
  .meta({ id: 'PaymentOrder' });

/** A payment order that would come into being. There is nothing to sign. */
export const dryPaymentOrderDocument = paymentOrderDocument
  .extend({
    id: z.null(),
    status: z.literal('dry_run'),
    instructionHash: z.null(),
    explanation: explanationDocument.exactOptional(),
  })
  .meta({ id: 'DryRunPaymentOrder' });

/** Only dry runs are explained. */
export type PaymentOrderDocument = z.output<typeof paymentOrderDocument> & { explanation?: Explanation };

/**
 * SHA-256 over the instruction as canonical JSON, so that a signatory states what exactly was signed: all that a signer
 * decides on, and in version 1 no metadata, initiator and external id. Stored with the order and each signature:
 * what changes here must give the same hashes.
 */
export function instructionHash(order: PaymentOrder): Buffer {
  const { id, type, accountId, toAccountId, valueDate, description, reference, mandateVersion } = order;
  const { currency } = order.amount;
  const instruction = {
    ...{ id, type, accountId, toAccountId, amount: order.amount.toString(), currency },
    ...{ valueDate, description, reference, mandateVersion },
  };
  if (order.signedAs.version === 1) return hash('sha256', canonicalJson(instruction), 'buffer');
  const { initiatedBy, metadata, externalId, band } = order;
  const whole = { version: 2, ...instruction, initiatedBy, metadata, externalId, ...(band === null ? {} : { band }) };
  return hash('sha256', canonicalJson(whole), 'buffer');
}

/** What is signed of an order. */
export function instructionOf(order: PaymentOrder): Instruction {
  return { id: order.id, name: 'payment order', hash: instructionHash(order), stored: order.signedAs.hash };
}

export function presentPaymentOrder(
  order: PaymentOrder,
  reading: SignatureReading,
  authorisations: readonly Authorisation[],
): PaymentOrderDocument {
  return {
    id: order.id,
    kind: 'payment_order',
    type: order.type,
    status: order.status,
    accountId: order.accountId,
    toAccountId: order.toAccountId,
    amount: order.amount.toString(),
    currency: order.amount.currency,
    valueDate: order.valueDate,
    initiatedBy: order.initiatedBy,
    authentication: order.authentication,
    description: order.description,
    reference: order.reference,
    metadata: order.metadata,
    externalId: order.externalId,
    mandateVersion: order.mandateVersion,
    instructionHash: instructionHash(order).toString('hex'),
    transactionId: order.transactionId,
    createdAt: order.createdAt.toISOString(),
    expiresAt: order.expiresAt.toISOString(),
    finishedAt: order.finishedAt?.toISOString() ?? null,
    multiAuthorisation: presentMultiAuthorisation(authorisedAs[order.status], reading, order.expiresAt),
    authorisations: presentAuthorisations(authorisations),
  };
}

const authorisedAs = {
  waiting: 'AwaitingFurtherAuthorisation',
  booked: 'Authorised',
  rejected: 'Rejected',
  cancelled: 'Rejected',
  expired: 'Rejected',
} as const;
