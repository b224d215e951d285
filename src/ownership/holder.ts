import { z } from 'zod';
import { amount, uuid } from '../ledger/document-fields.ts';
import type { Money } from '../money/money.ts';

/**
 * What a holder may do with an account. `delegate` is no permission: it says that the holder acts for the owners
 * without being one, so that its signature is never among "all", and nothing passes to it.
 */
export const holderRights = ['view', 'deposit', 'withdraw', 'transfer', 'manage', 'delegate'] as const;

export type HolderRight = (typeof holderRights)[number];

/** What a holder has who is named without rights: an owner's. */
export const ownerRights: readonly HolderRight[] = ['view', 'deposit', 'withdraw', 'transfer', 'manage'];

/** From when on a holder sees what was booked: from the beginning, or from its joining on. */
export const histories = ['all', 'joining'] as const;

export type History = (typeof histories)[number];

/** `invited → active → left/removed/deceased`; an invitation may also be `declined`, or have `expired`. */
export const holderStatuses = ['invited', 'active', 'declined', 'left', 'removed', 'deceased', 'expired'] as const;

export type HolderStatus = (typeof holderStatuses)[number];

/** The most that a holder may take out by its own acts; null where there is no limit. */
export interface HolderLimits {
  readonly perMovement: Money | null;
  /** In the account's time zone, as the month is. */
  readonly perDay: Money | null;
  readonly perMonth: Money | null;
}

/** An active holder as decisions see it. */
export interface Holder {
  readonly partyId: string;
  readonly rights: readonly HolderRight[];
  readonly limits: HolderLimits;
  /** When its present membership began: what it signed before counts no more. */
  readonly joinedAt: Date;
}

export function isOwner(holder: Pick<Holder, 'rights'>): boolean {
  return !holder.rights.includes('delegate');
}

export function hasRight(holder: Pick<Holder, 'rights'> | undefined, right: HolderRight): boolean {
  return holder?.rights.includes(right) ?? false;
}

/** Limits as callers write and see them. */
export const limitsDocument = z
  .strictObject({
    perMovement: amount.nullable(),
    perDay: amount.nullable(),
    perMonth: amount.nullable(),
  })
  .meta({ id: 'HolderLimits' });

export type LimitsDocument = z.output<typeof limitsDocument>;

/** A holder as an account shows it, and what one is given when it joins, or later. */
export const holderDocument = z
  .strictObject({ partyId: uuid, rights: z.array(z.enum(holderRights)), limits: limitsDocument })
  .meta({ id: 'Holder' });

export type HolderDocument = z.output<typeof holderDocument>;

export const noLimits: LimitsDocument = { perMovement: null, perDay: null, perMonth: null };

/** Limits of which each that there is was read in another way. */
export function mapLimits<From, To>(
  { perMovement, perDay, perMonth }: Readonly<Record<keyof LimitsDocument, From | null>>,
  read: (limit: From) => To,
): Record<keyof LimitsDocument, To | null> {
  const readLimit = (limit: From | null) => (limit === null ? null : read(limit));
  return { perMovement: readLimit(perMovement), perDay: readLimit(perDay), perMonth: readLimit(perMonth) };
}
