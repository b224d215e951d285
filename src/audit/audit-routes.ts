import { z } from 'zod';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id, instant, text } from '../http/read-input.ts';
import { get } from '../http/route.ts';
import { auditEntryDocument } from './audit-entry.ts';
import { listAuditEntries } from './list-audit-entries.ts';

const query = z.strictObject({
  ...pageQuery('desc'),
  keyId: id.optional(),
  partyId: id.optional(),
  action: text(100).optional(),
  outcome: z.enum(['succeeded', 'refused']).optional(),
  from: instant.optional(),
  to: instant.optional(),
});

/** The audit trail of a ledger, for operators. */
export const auditRoutes = [
  get(
    '/audit',
    {
      id: 'listAuditEntries',
      summary: 'List who did what, and what was refused',
      ...{ keys: 'service', scope: 'operate', query, answers: { 200: pageOf(auditEntryDocument) } },
    },
    ({ caller, query }, { database }) =>
      readPage(query, ['audit'], (page) => listAuditEntries(sourceOf(caller, database), page, query)),
  ),
];
