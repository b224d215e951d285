import { accountsWith } from '../workers/account-children-queue.ts';
import { expireChanges } from './expire-changes.ts';
import { expireInvitations } from './expire-invitations.ts';

/** Accounts with invitations that were not answered in time. */
export const invitationsQueue = accountsWith('invitations', expireInvitations, {
  table: 'holders',
  isOpen: "child.status = 'invited'",
  endsAt: 'child.invitation_expires_at',
});

/** Accounts with changes that the owners have not signed in time. */
export const accountChangesQueue = accountsWith('account-changes', expireChanges, {
  table: 'account_changes',
  isOpen: "child.status = 'waiting'",
  endsAt: 'child.expires_at',
});
