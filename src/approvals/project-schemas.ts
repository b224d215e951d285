import { z } from 'zod';
import { amountText, currency, readMoney } from '../http/money-fields.ts';
import { pageQuery } from '../http/paging.ts';
import { id, instant, line, text } from '../http/read-input.ts';
import { instructionHashOf } from '../signatures/read-signature.ts';
import { projectStatuses } from './project.ts';
import { proposalStatuses } from './proposal.ts';

const name = line(200);
const description = text(500).nullish();

/** The body of `POST /v1/accounts/{id}/projects`. */
export const projectBody = z.strictObject({ name, description, expiresAt: instant.nullish(), by: id.nullish() });

/** The body of `POST /v1/projects/{id}/proposals`. */
export const proposalBody = z
  .strictObject({
    title: name,
    description,
    amount: amountText,
    currency,
    toAccountId: id.nullish(),
    by: id.nullish(),
  })
  .transform(({ currency, ...fields }, context) => {
    const amount = readMoney(fields.amount, currency, ['amount'], context);
    if (amount !== z.NEVER && amount.isZero()) {
      context.addIssue({ code: 'custom', path: ['amount'], message: 'must be above zero' });
    }
    return { ...fields, amount };
  });

/** The body of closing a project, and of withdrawing a proposal. */
export const actBody = z.strictObject({ by: id.nullish() }).optional();

/** The body of accepting a proposal. */
export const acceptBody = z
  .strictObject({ by: id.nullish(), instructionHash: instructionHashOf('proposal').optional() })
  .optional();

export const projectPath = z.object({ projectId: id });
export const proposalPath = z.object({ proposalId: id });
export const projectsQuery = z.strictObject({ ...pageQuery('asc'), status: z.enum(projectStatuses).optional() });
export const proposalsQuery = z.strictObject({ ...pageQuery('asc'), status: z.enum(proposalStatuses).optional() });
