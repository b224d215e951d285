import { hash } from 'node:crypto';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import type { Money } from '../money/money.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';
import type { Explanation } from './explain.ts';

export type PaymentOrderStatus = 'waiting' | 'booked' | 'rejected' | 'cancelled' | 'expired';

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
  /** The order is decided under this version of the mandate, whatever becomes of the mandate. */
  readonly mandateVersion: number;
  readonly transactionId: string | null;
  /** The parties whose signatures it was booked on; null before. */
  readonly signedBy: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly finishedAt: Date | null;
}

export interface AuthorisationDocument {
  partyId: string;
  decision: 'approve' | 'reject';
  at: string;
}

/** A payment order as callers see it. `multiAuthorisation` has the names of Open Banking's read-write API. */
export interface PaymentOrderDocument {
  id: string;
  type: PaymentOrder['type'];
  status: PaymentOrderStatus | 'dry_run';
  accountId: string;
  toAccountId: string | null;
  amount: string;
  currency: string;
  valueDate: string | null;
  initiatedBy: string | null;
  description: string | null;
  reference: string | null;
  metadata: Readonly<Record<string, unknown>> | null;
  mandateVersion: number;
  /** What a signer signs: SHA-256 of exactly this instruction. */
  instructionHash: string;
  transactionId: string | null;
  createdAt: string;
  expiresAt: string;
  finishedAt: string | null;
  multiAuthorisation: {
    status: 'AwaitingFurtherAuthorisation' | 'Authorised' | 'Rejected';
    numberRequired: number;
    numberReceived: number;
    lastUpdateDateTime: string;
    expirationDateTime: string;
  };
  authorisations: AuthorisationDocument[];
  /** Whose signatures would count and are missing. */
  missingFrom: readonly string[];
  explanation?: Explanation;
}

/**
 * SHA-256 over the instruction as canonical JSON, so that whoever signs says what exactly was signed. Stored with the
 * order: what changes here must give the same hashes.
 */
export function instructionHash(order: PaymentOrder): Buffer {
  const { id, type, accountId, toAccountId, amount, valueDate, description, reference, mandateVersion } = order;
  const { currency } = amount;
  const instruction = {
    ...{ id, type, accountId, toAccountId, amount: amount.toString(), currency },
    ...{ valueDate, description, reference, mandateVersion },
  };
  return hash('sha256', canonicalJson(instruction), 'buffer');
}

export function presentPaymentOrder(
  order: PaymentOrder,
  reading: SignatureReading,
  authorisations: readonly AuthorisationDocument[],
): PaymentOrderDocument {
  const lastUpdate = order.finishedAt?.toISOString() ?? authorisations.at(-1)?.at ?? order.createdAt.toISOString();
  return {
    id: order.id,
    type: order.type,
    status: order.status,
    accountId: order.accountId,
    toAccountId: order.toAccountId,
    amount: order.amount.toString(),
    currency: order.amount.currency,
    valueDate: order.valueDate,
    initiatedBy: order.initiatedBy,
    description: order.description,
    reference: order.reference,
    metadata: order.metadata,
    mandateVersion: order.mandateVersion,
    instructionHash: instructionHash(order).toString('hex'),
    transactionId: order.transactionId,
    createdAt: order.createdAt.toISOString(),
    expiresAt: order.expiresAt.toISOString(),
    finishedAt: order.finishedAt?.toISOString() ?? null,
    multiAuthorisation: {
      status: statusInOpenBanking[order.status],
      numberRequired: reading.required,
      numberReceived: reading.received,
      lastUpdateDateTime: lastUpdate,
      expirationDateTime: order.expiresAt.toISOString(),
    },
    authorisations: [...authorisations],
    missingFrom: order.status === 'waiting' ? reading.missingFrom : [],
  };
}

const statusInOpenBanking = {
  waiting: 'AwaitingFurtherAuthorisation',
  booked: 'Authorised',
  rejected: 'Rejected',
  cancelled: 'Rejected',
  expired: 'Rejected',
} as const;
