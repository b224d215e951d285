import { refuseRight } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { addSignature, type Signature } from '../signatures/authorisations.ts';
import { type ChangeDecision, type ChangeFacts, notOpen } from './load-change-facts.ts';
import { activate, finish, instructionOf, presentSigned, type StandingOrder } from './standing-order.ts';
import { type StandingOrderEventType, standingOrderEvent } from './standing-order-events.ts';
import { readStandingOrder } from './standing-order-queries.ts';

/**
 * A signer approves or rejects exactly the order whose hash it sends. The signature that completes the mandate makes
 * the order active; a rejection ends it once it can't be completed any more without those who rejected it. Each signer
 * counts once; the same decision again changes nothing, but what was signed may be enough by now. Pure.
 */
export function decideSignature(
  order: StandingOrder,
  signature: Signature,
  { authorisations, mandates, ownership: byAccount, partyIds }: ChangeFacts,
  now: Date,
): ChangeDecision {
  const { partyId, decision } = signature;
  const ownership = byAccount.get(order.accountId)!;
  const refused =
    refuseUnknownParty(partyIds, partyId, 'by') ?? refuseRight(order.accountId, ownership, signature, 'transfer');
  if (refused !== undefined) return { refusal: refused };
  if (order.status !== 'waiting') return { refusal: notOpen(order) };
  const before = authorisations.get(order.id) ?? [];
  const signed = addSignature(instructionOf(order), signature, { before, holders: ownership.holders, now });
  if ('refusal' in signed) return signed;
  const { authorisation, all } = signed;
  const reading = readStandingOrder(order, all, { mandates, ownership });
  if (reading.isComplete && decision === 'approve') {
    const active = activate({ ...order, signedBy: reading.signedBy }, now);
    if (active.status !== 'completed') return become(active, ['standing_order.activated']);
    // Whatever was to be executed has passed meanwhile.
    return become(finish(order, 'expired', now), ['standing_order.expired']);
  }
  if (!reading.isReachable) return become(finish(order, 'rejected', now), ['standing_order.rejected']);
  return become(order, authorisation === null ? [] : ['standing_order.signed']);

  function become(next: StandingOrder, types: readonly StandingOrderEventType[]): ChangeDecision {
    const result = presentSigned(next, reading, all);
    const events = types.map((type) => standingOrderEvent(type, next, result));
    return { result, events, effect: { order: next, authorisation, runs: [] } };
  }
}
