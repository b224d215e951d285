import type { Expiry } from '../ledger/tidy-accounts.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { finishProjects, rejectionEvents } from './finish-projects.ts';
import { findLapsedProjects } from './project-queries.ts';
import { findPending } from './proposal-queries.ts';

/** Each may have two hundred pending proposals. The others stay due. */
const maxAtOnce = 20;

/** Notes that projects of these locked accounts have expired, and that their pending proposals are rejected. */
export const expireProjects: Expiry = async (transaction, accounts, now) => {
  const accountIds = [...accounts.keys()];
  const lapsed = await findLapsedProjects(transaction, { accountIds, now, limit: maxAtOnce });
  const [pending, ownership] = await Promise.all([
    findPending(
      transaction,
      lapsed.map(({ id }) => id),
    ),
    loadOwnership(
      transaction,
      lapsed.map(({ accountId }) => accountId),
      [],
    ),
  ]);
  await finishProjects(
    transaction,
    lapsed.map(({ id, expiresAt }) => ({ id, status: 'expired', finishedAt: expiresAt! })),
  );
  return lapsed.flatMap((project) => [
    { type: 'project.expired', accountId: project.accountId, subjectId: project.id, data: project },
    ...rejectionEvents(pending, { id: project.id, finishedAt: project.expiresAt! }, ownership.get(project.accountId)!),
  ]);
};
