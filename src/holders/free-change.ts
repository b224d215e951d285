import { Money } from '../money/money.ts';
import { type HolderRight, hasRight, isOwner, type LimitsDocument } from '../ownership/holder.ts';
import { isTighterOrSame, shutsNobodyOut } from '../ownership/tighter-mandate.ts';
import type { ChangeTerms } from './account-change.ts';
import type { ChangeScene } from './apply-change.ts';
import { holderOf } from './load-management.ts';

/** Rights that give no power over money that is there. */
const harmless: readonly HolderRight[] = ['view', 'deposit', 'delegate'];

/**
 * Whether one managing holder may make a change alone: because it tightens what is agreed, or gives away nothing but
 * its own. Whatever gives any party more power over the money takes every owner's signature.
 */
export function isFree(terms: ChangeTerms, { account, ownership, facts, by }: ChangeScene): boolean {
  switch (terms.kind) {
    case 'mandate': {
      const { currency } = account;
      const { mandate } = terms;
      const of = { currency, holders: ownership.holders };
      const current = ownership.mandate;
      return isTighterOrSame(mandate, current, of) && shutsNobodyOut(mandate, current, of, by);
    }
    case 'holder_invitation': {
      const { rights } = terms.holder;
      const asking = ownership.holders.find(({ partyId }) => partyId === by);
      // Nobody gives what it lacks, and who may look is for an owner to say.
      const own = rights.filter((right) => right !== 'delegate').every((right) => hasRight(asking, right));
      const isShown = rights.includes('view') && (asking === undefined || !isOwner(asking));
      // What was booked before is the owners' to show.
      if (terms.history === 'all') return false;
      return !isOwner(terms.holder) && rights.every((right) => harmless.includes(right)) && own && !isShown;
    }
    case 'holder_terms': {
      const { partyId, rights, limits } = terms.holder;
      const holder = holderOf(facts, account.id, partyId);
      if (holder === undefined || !isLowerOrSame(limits, holder.limits, account.currency)) return false;
      // Another owner's limits are not one's to lower.
      const isOthers = partyId !== by && isOwner(holder);
      if (isOthers) return false;
      const sameRights = rights.length === holder.rights.length && isPartOf(rights, holder.rights);
      // Without an owner's signature others may be enough, so only the owner itself may give it away.
      const giveAway = isPartOf(rights, holder.rights) && isOwner(holder) === isOwner({ rights });
      return sameRights || (giveAway && (partyId === by || !isOwner(holder)));
    }
    case 'holder_removal': {
      const holder = holderOf(facts, account.id, terms.partyId);
      return holder !== undefined && (holder.status === 'invited' || !isOwner(holder));
    }
    case 'restriction_lift': {
      const placedBy = facts.restrictions.get(terms.restrictionId)?.placedBy;
      const [placer, lifter] = [placedBy, by].map((one) => ownership.holders.find(({ partyId }) => partyId === one));
      // What a delegate has stopped any owner lets go on.
      return placer !== undefined && !isOwner(placer) && lifter !== undefined && isOwner(lifter);
    }
  }
}

function isPartOf(rights: readonly HolderRight[], all: readonly HolderRight[]): boolean {
  return rights.every((right) => all.includes(right));
}

function isLowerOrSame(next: LimitsDocument, current: LimitsDocument, currency: string): boolean {
  return (['perMovement', 'perDay', 'perMonth'] as const).every((name) => {
    const [after, before] = [next[name], current[name]];
    if (before === null) return true;
    return (
      after !== null && !Money.fromDatabase(before, currency).minus(Money.fromDatabase(after, currency)).isNegative()
    );
  });
}
