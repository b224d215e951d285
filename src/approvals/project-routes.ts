import { accountPath } from '../accounts/account-schemas.ts';
import { findListedAccounts } from '../accounts/listed-accounts.ts';
import { actingParty } from '../http/acting-party.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, readPage } from '../http/paging.ts';
import { ok, perform } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import { accountActRefusals, actRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { hideFromStrangers, ifVisible } from '../ownership/visible-accounts.ts';
import { closeProject } from './close-project.ts';
import { openProject } from './open-project.ts';
import { projectDocument } from './project.ts';
import { getProject, listProjects } from './project-queries.ts';
import { actBody, projectBody, projectPath, projectsQuery } from './project-schemas.ts';

export const getVisibleProject = ifVisible('project', getProject);

/** Projects: opening, reading and closing. */
export const projectRoutes = [
  get(
    '/accounts/:accountId/projects',
    {
      id: 'listProjects',
      summary: 'List the projects of an account',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        query: projectsQuery,
        answers: { 200: pageOf(projectDocument) },
      },
      refusals: ['account_not_found'],
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      const listed = await findListedAccounts(database, caller, { accountId });
      return readPage(query, ['projects', accountId], (page) =>
        listProjects(sourceOf(caller, database), { ...page, ...listed }, query.status),
      );
    },
  ),

  post(
    '/accounts/:accountId/projects',
    {
      id: 'openProject',
      summary: 'Open a project, for which proposals compete',
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: accountPath, body: projectBody },
      answers: { 201: projectDocument },
      refusals: [...accountActRefusals],
      examples: { 'A new kitchen': { name: 'Kitchen' } },
    },
    async ({ caller, params: { accountId }, body, options }, { database, engine }) => {
      const { name, description = null, expiresAt = null } = body;
      const createdBy = actingParty(caller, body.by);
      await hideFromStrangers(database, caller, accountId);
      const { authentication } = caller;
      const command = { id: createId(), accountId, name, description, expiresAt, createdBy, authentication };
      return perform(engine, createOperation(openProject, command, options), (project) => ({
        status: 201,
        body: project,
        headers: { Location: `/v1/projects/${project.id}` },
      }));
    },
  ),

  get(
    '/projects/:projectId',
    {
      id: 'getProject',
      summary: 'Read a project',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: projectPath,
        answers: { 200: projectDocument },
        refusals: ['project_not_found'],
      },
    },
    async ({ caller, params }, { database }) => ok(await getVisibleProject(database, caller, params.projectId, 'read')),
  ),

  post(
    '/projects/:projectId/close',
    {
      id: 'closeProject',
      summary: 'Close a project without accepting a proposal',
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: projectPath, body: actBody },
      answers: { 200: projectDocument },
      refusals: [...actRefusals, 'project_not_found', 'project_already_assigned', 'project_not_open'],
    },
    async ({ caller, params: { projectId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body?.by);
      const { accountId } = await getVisibleProject(database, caller, projectId);
      const command = { projectId, accountId, by, authentication: caller.authentication };
      return perform(engine, createOperation(closeProject, command, options), ok);
    },
  ),
];
