import type { EventPlace } from './read-events.ts';

/** The id of an event, unique in its ledger: its place in the log. Opaque to callers, and the cursor of a stream. */
export function eventId({ epoch, xid, position }: EventPlace): string {
  return `${epoch}-${xid}-${position}`;
}

/** The place in an id, undefined for anything that is none. */
export function parseEventId(id: string): EventPlace | undefined {
  const parts = /^(\d{1,9})-(\d{1,19})-(\d{1,15})$/.exec(id);
  if (parts === null) return undefined;
  const [, epoch, xid, position] = parts as unknown as [string, string, string, string];
  return { epoch: Number.parseInt(epoch, 10), xid, position: Number.parseInt(position, 10) };
}

/** Whether a place lies behind another one in the log. */
export function isBehind(place: EventPlace, other: EventPlace): boolean {
  if (place.epoch !== other.epoch) return place.epoch > other.epoch;
  if (place.xid !== other.xid) return BigInt(place.xid) > BigInt(other.xid);
  return place.position > other.position;
}
