import { hash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { amount, currencyCode, hashText, instantText, uuid } from '../ledger/document-fields.ts';
import type { Money } from '../money/money.ts';
import { readBand } from '../ownership/authorise.ts';
import { bandNow } from '../ownership/ceilings.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import type { MandatedKind } from '../ownership/mandate.ts';
import { readSettled, type SignatureReading } from '../ownership/read-signatures.ts';
import {
  type Authorisation,
  authorisationDocument,
  type Instruction,
  presentAuthorisations,
  voicesOf,
} from '../signatures/authorisations.ts';
import { multiAuthorisationDocument, presentMultiAuthorisation } from '../signatures/multi-authorisation.ts';

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
  /** That of its project; null where that has none. */
  readonly expiresAt: Date | null;
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
    /** Who proposed it. */
    by: uuid.nullable(),
    /** What a party signs that accepts it: SHA-256 of exactly this offer. */
    instructionHash: hashText,
    transactionId: uuid.nullable(),
    createdAt: instantText,
    finishedAt: instantText.nullable(),
    multiAuthorisation: multiAuthorisationDocument,
    authorisations: z.array(authorisationDocument),
  })
  .meta({ id: 'Proposal' });

export type ProposalDocument = z.output<typeof proposalDocument>;

/** What is signed by who accepts it: SHA-256 over all of it that never changes, as canonical JSON. */
export function instructionOf(proposal: Proposal): Instruction {
  const { id, projectId, accountId, toAccountId, title, description, amount } = proposal;
  const offer = { id, projectId, accountId, toAccountId, title, description };
  const terms = { version: 1, ...offer, amount: amount.toString(), currency: amount.currency };
  return { id, name: 'proposal', hash: hash('sha256', canonicalJson(terms), 'buffer'), stored: null };
}

/** How the proposal is paid, which decides the right that it takes to accept it and the mandate's band. */
export function paymentKind({ toAccountId }: Pick<Proposal, 'toAccountId'>): MandatedKind {
  return toAccountId === null ? 'withdrawal' : 'transfer';
}

/** Reads who has accepted the proposal: on what it was paid, or under the account's present mandate and holders. */
export function readAcceptances(proposal: Proposal, ownership: Ownership): SignatureReading {
  if (proposal.paidBy !== null) return readSettled(proposal.paidBy);
  // Where nobody holds the account nobody's signature is asked for.
  if (!ownership.isHeld) return readSettled([]);
  const asked = { kind: paymentKind(proposal), amount: proposal.amount };
  const band = bandNow(ownership, ownership.mandate, asked);
  return readBand(ownership, band, asked.kind, voicesOf(proposal.authorisations));
}

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
    by: proposal.proposedBy,
    instructionHash: instructionOf(proposal).hash.toString('hex'),
    transactionId: proposal.transactionId,
    createdAt: proposal.createdAt,
    finishedAt: proposal.finishedAt,
    multiAuthorisation: presentMultiAuthorisation(
      authorisedAs[proposal.status],
      readAcceptances(proposal, ownership),
      proposal.expiresAt,
    ),
    authorisations: presentAuthorisations(proposal.authorisations),
  };
}

const authorisedAs = {
  pending: 'AwaitingFurtherAuthorisation',
  accepted: 'Authorised',
  rejected: 'Rejected',
  withdrawn: 'Rejected',
} as const;
