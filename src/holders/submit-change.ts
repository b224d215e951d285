import type { Request, Response } from 'express';
import { readTermsOf } from '../http/operation-terms.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { type RequestChangeCommand, requestChange } from './request-change.ts';

/** Submits a change: answers what it made, or 202 with the change that waits for the owners' signatures. */
export async function submitChange(
  { engine }: ServiceParts,
  req: Request,
  res: Response,
  asked: Omit<RequestChangeCommand, 'id'>,
  { appliedStatus = 200 }: { appliedStatus?: number } = {},
): Promise<void> {
  const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
  const answer = await engine.submit(createOperation(requestChange, { ...asked, id: createId() }, terms));
  sendAnswer(res, answer, (result) =>
    'applied' in result
      ? { status: appliedStatus, body: result.applied }
      : {
          status: 202,
          body: result.waiting,
          headers: { Location: `/v1/account-changes/${result.waiting.id}` },
        },
  );
}
