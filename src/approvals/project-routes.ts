import type { Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { actingParty, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { closeProject } from './close-project.ts';
import { openProject } from './open-project.ts';
import type { ProjectDocument } from './project.ts';
import { getProject, listProjects, projectNotFound } from './project-queries.ts';
import { actBody, projectBody, projectPath, projectsQuery } from './project-schemas.ts';

const accountPath = z.object({ accountId: id });
const noQuery = z.strictObject({});

/** Projects: opening, reading and closing. */
export function addProjectRoutes(router: Router, { database, engine }: ServiceParts): void {
  /** The project, unless the party of a bound key has nothing to do with its account. */
  async function findForCaller(res: Response, projectId: string, right?: 'view'): Promise<ProjectDocument> {
    const project = await getProject(database, callerOf(res).ledgerId, projectId);
    const hidden = { notFound: () => projectNotFound(projectId) };
    await hideFromStrangers(
      database,
      callerOf(res),
      project.accountId,
      right === undefined ? hidden : { right, ...hidden },
    );
    return project;
  }

  router
    .route('/accounts/:accountId/projects')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { name, description = null, expiresAt = null, createdBy } = readInput(projectBody, req.body);
      const by = actingParty(callerOf(res), createdBy);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      await hideFromStrangers(database, callerOf(res), accountId);
      const command = { id: createId(), accountId, name, description, expiresAt, createdBy: by };
      sendAnswer(res, await engine.submit(createOperation(openProject, command, terms)), (project) => ({
        status: 201,
        body: project,
        headers: { Location: `/v1/projects/${project.id}` },
      }));
    })
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, cursor, status } = readInput(projectsQuery, req.query);
      const list = `projects ${accountId} ${status ?? ''}`;
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), status };
      await getAccount(database, callerOf(res).ledgerId, accountId);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      const found = await listProjects(database, callerOf(res).ledgerId, accountId, page);
      res.json(cutPage(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/projects/:projectId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { projectId } = readInput(projectPath, req.params);
      res.json(await findForCaller(res, projectId, 'view'));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/projects/:projectId/close')
    .post(async (req, res) => {
      const { projectId } = readInput(projectPath, req.params);
      const by = actingParty(callerOf(res), readInput(actBody, req.body)?.by);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const { accountId } = await findForCaller(res, projectId);
      const answer = await engine.submit(createOperation(closeProject, { projectId, accountId, by }, terms));
      sendAnswer(res, answer, (project) => ({ status: 200, body: project }));
    })
    .all(methodNotAllowed('POST'));
}
