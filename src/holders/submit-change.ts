import { z } from 'zod';
import { id } from '../http/read-input.ts';
import { perform, type Reply } from '../http/reply.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation, type OperationOptions } from '../ledger/operation.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';
import { type RequestChangeCommand, requestChange } from './request-change.ts';

/** The party whose act it is, in the body of what says nothing else. */
export const byBody = z.strictObject({ by: id.nullish() }).optional();

/** Submits a change: answers what it made, or 202 with the change that waits for the owners' signatures. */
export function submitChange(
  engine: PostingEngine,
  asked: Omit<RequestChangeCommand, 'id'>,
  options: OperationOptions,
  { appliedStatus = 200 }: { appliedStatus?: number } = {},
): Promise<Reply> {
  return perform(engine, createOperation(requestChange, { ...asked, id: createId() }, options), (result) =>
    'applied' in result
      ? { status: appliedStatus, body: result.applied }
      : {
          status: 202,
          body: result.waiting,
          headers: { Location: `/v1/account-changes/${result.waiting.id}` },
        },
  );
}
