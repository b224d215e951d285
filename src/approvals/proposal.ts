import { z } from 'zod';
import { amount, count, currencyCode, instantText, uuid } from '../ledger/document-fields.ts';
import type { Money } from '../money/money.ts';
import { readMandate } from '../ownership/authorise.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import type { MandatedKind } from '../ownership/mandate.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';
import { authorisationDocument } from '../payment-orders/payment-order.ts';
import { type Authorisation, presentAuthorisations, voicesOf } from '../signatures/authorisations.ts';

export const proposalStatuses = ['pending', 'accepted', 'rejected', 'withdrawn'] as const;

/** A proposal is `rejected` with its project, when a rival is accepted or nobody is. */
export type ProposalStatus = (typeof proposalStatuses)[number];

/** An offer to carry out a project for an amount. It reserves nothing; it is paid when it is accepted. */
export interface Proposal {
  readonly id: string;
  readonly projectId: string;
  /** The account that pays. */
  readonly accountId: string;
  /** The account that is paid; null: the money leaves the ledger. */
  readonly toAccountId: string | null;
  readonly title: string;
  readonly description: string | null;
  readonly amount: Money;
  readonly status: ProposalStatus;
  /** Null: the calling service. */
  readonly proposedBy: string | null;
  readonly transactionId: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** Who accepted it, whether or not their signatures count now. */
  readonly authorisations: readonly Authorisation[];
  /** The parties whose signatures its payment took; null before. */
  readonly paidBy: readonly string[] | null;
}

/** A proposal as callers see it. */
export const proposalDocument = z
  .strictObject({
    id: uuid,
    projectId: uuid,
    accountId: uuid,
    toAccountId: uuid.nullable(),
    title: z.string(),
    description: z.string().nullable(),
    amount,
    currency: currencyCode,
    status: z.enum(proposalStatuses),
    proposedBy: uuid.nullable(),
    transactionId: uuid.nullable(),
    createdAt: instantText,
    finishedAt: instantText.nullable(),
    signatures: z.strictObject({
      required: count,
      received: count,
      missingFrom: z.array(uuid).readonly(),
      signedBy: z.array(uuid).readonly(),
    }),
    authorisations: z.array(authorisationDocument),
  })
  .meta({ id: 'Proposal' });

export type ProposalDocument = z.output<typeof proposalDocument>;

/** How the proposal is paid, which decides the right that it takes to accept it and the mandate's band. */
export function paymentKind({ toAccountId }: Pick<Proposal, 'toAccountId'>): MandatedKind {
  return toAccountId === null ? 'withdrawal' : 'transfer';
}

/** Where nobody holds the account nobody's signature is asked for. */
const nobodySigns: SignatureReading = {
  isComplete: true,
  isReachable: true,
  required: 0,
  received: 0,
  missingFrom: [],
  signedBy: [],
};

/** Reads who has accepted the proposal under the account's present mandate and holders. */
export function readAcceptances(proposal: Proposal, ownership: Ownership): SignatureReading {
  if (!ownership.isHeld) return nobodySigns;
  const asked = { kind: paymentKind(proposal), amount: proposal.amount };
  return readMandate(ownership, ownership.mandate, asked, voicesOf(proposal.authorisations));
}

/** A proposal that was paid shows the signatures it was paid on, every other what the mandate says of it now. */
export function presentProposal(proposal: Proposal, ownership: Ownership): ProposalDocument {
  return {
    id: proposal.id,
    projectId: proposal.projectId,
    accountId: proposal.accountId,
    toAccountId: proposal.toAccountId,
    title: proposal.title,
    description: proposal.description,
    amount: proposal.amount.toString(),
    currency: proposal.amount.currency,
    status: proposal.status,
    proposedBy: proposal.proposedBy,
    transactionId: proposal.transactionId,
    createdAt: proposal.createdAt,
    finishedAt: proposal.finishedAt,
    signatures: presentSignatures(proposal, ownership),
    authorisations: presentAuthorisations(proposal.authorisations),
  };
}

function presentSignatures(proposal: Proposal, ownership: Ownership): ProposalDocument['signatures'] {
  if (proposal.paidBy !== null) {
    const { length } = proposal.paidBy;
    return { required: length, received: length, missingFrom: [], signedBy: proposal.paidBy };
  }
  const { required, received, missingFrom, signedBy } = readAcceptances(proposal, ownership);
  return { required, received, missingFrom: proposal.status === 'pending' ? missingFrom : [], signedBy };
}
