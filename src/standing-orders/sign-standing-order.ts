import type { Authorisation } from '../approvals/authorisations.ts';
import { refusal } from '../errors/refusal.ts';
import { refuseRight } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type ChangeDecision, type ChangeFacts, notOpen } from './load-change-facts.ts';
import { activate, finish, presentSigned, type StandingOrder, standingOrderHash } from './standing-order.ts';
import { standingOrderEvent } from './standing-order-events.ts';
import { readStandingOrder } from './standing-order-queries.ts';

export interface Signature {
  readonly decision: 'approve' | 'reject';
  /** What the signer was shown, SHA-256 in hexadecimal. */
  readonly instructionHash: string;
}

/**
 * A signer approves or rejects exactly the order whose hash it sends. The signature that completes the mandate makes
 * the order active; a rejection ends it once it can't be completed any more without those who rejected it. Each signer
 * counts once; saying the same again changes nothing, but looks anew whether what was said is enough by now. Pure.
 */
export function decideSignature(
  order: StandingOrder,
  { partyId, decision, instructionHash }: Signature & { readonly partyId: string },
  { authorisations, mandates, ownership: byAccount, partyIds }: ChangeFacts,
  now: Date,
): ChangeDecision {
  const ownership = byAccount.get(order.accountId)!;
  const refused =
    refuseUnknownParty(partyIds, partyId, 'party') ?? refuseRight(order.accountId, ownership, partyId, 'transfer');
  if (refused !== undefined) return { refusal: refused };
  if (order.status !== 'waiting') return { refusal: notOpen(order) };
  if (standingOrderHash(order).toString('hex') !== instructionHash) {
    const detail = `The hash is not that of standing order ${order.id}; read the order again.`;
    return { refusal: refusal('instruction_mismatch', detail) };
  }
  const before = authorisations.get(order.id) ?? [];
  const said = before.find((authorisation) => authorisation.partyId === partyId);
  if (said !== undefined && said.decision !== decision) {
    const detail = `Party ${partyId} has said "${said.decision}" to standing order ${order.id} before.`;
    return { refusal: refusal('already_decided', detail, { decision: said.decision }) };
  }

  const authorisation: Authorisation | null =
    said === undefined ? { subjectId: order.id, partyId, decision, at: now } : null;
  const all = authorisation === null ? before : [...before, authorisation];
  const reading = readStandingOrder(order, all, { mandates, ownership });
  if (reading.isComplete && decision === 'approve') {
    const active = activate({ ...order, signedBy: reading.signedBy }, now);
    if (active.status !== 'completed') return become(active, ['standing_order.activated']);
    // Whatever was to be executed has passed meanwhile.
    return become(finish(order, 'expired', now), ['standing_order.expired']);
  }
  if (!reading.isReachable) return become(finish(order, 'rejected', now), ['standing_order.rejected']);
  return become(order, authorisation === null ? [] : ['standing_order.signed']);

  function become(next: StandingOrder, types: readonly Parameters<typeof standingOrderEvent>[0][]): ChangeDecision {
    const result = presentSigned(next, reading, all);
    const events = types.map((type) => standingOrderEvent(type, next, result));
    return { result, events, effect: { order: next, authorisation, runs: [] } };
  }
}
