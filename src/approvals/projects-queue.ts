import { accountsWith } from '../workers/account-children-queue.ts';
import { expireProjects } from './expire-projects.ts';

/** Accounts with projects of which no proposal was accepted in time. */
export const projectsQueue = accountsWith('projects', expireProjects, {
  table: 'projects',
  isOpen: "child.status = 'open'",
  endsAt: 'child.expires_at',
});
