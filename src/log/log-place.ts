/**
 * A place in a ledger's log, that of one event: enough to find it again, and to find out whether it is still the same
 * log. A log is known by its blocks, which are chained by their hashes, and by its numbers: each life of the database
 * server begins a new one, so a copy that was put back has another number, or the same with other blocks.
 */
export interface LogPlace {
  /** 0, 1, 2, ... without gaps; -1 lies before all events. */
  readonly position: number;
  /** How often the log had been continued by another life of its server before this place. */
  readonly number: number;
  /** The first eight hexadecimal digits of the hash of the block that has the position. */
  readonly hash: string;
  /** Where this number and two before it began, the newest first: `<first position>.<hash of its first block>`. */
  readonly lineage: string;
}

export const beforeAllEvents: LogPlace = { position: -1, number: 0, hash: '', lineage: '' };

/** The digits of a block's hash that places carry. */
export const hashDigits = 8;

const begin = 'begin';
const maxLineage = 3;

/** A place as text: the id of the event that stands there, and the cursor of readers that have come so far. */
export function formatPlace({ number, position, hash, lineage }: LogPlace): string {
  return position < 0 ? begin : `${number}-${position}-${hash}-${lineage}`;
}

const hashPattern = `[0-9a-f]{${hashDigits}}`;
const beginningPattern = `\\d{1,15}\\.${hashPattern}`;
const placePattern = new RegExp(
  `^(\\d{1,9})-(\\d{1,15})-(${hashPattern})-(${beginningPattern}(?:-${beginningPattern}){0,${maxLineage - 1}})$`,
);

/** What a place may look like, for those who describe it. */
export const placeForm = `^${begin}$|${placePattern.source}`;

/** The longest text of a place. */
export const maxPlaceLength = 128;

/** The place in a text; undefined for anything that is none. */
export function parsePlace(text: string): LogPlace | undefined {
  if (text === begin) return beforeAllEvents;
  const parts = placePattern.exec(text);
  if (parts === null) return undefined;
  const [, number, position, hash, lineage] = parts as unknown as [string, string, string, string, string];
  const place = { number: Number.parseInt(number, 10), position: Number.parseInt(position, 10), hash, lineage };
  return formatPlace(place) === text ? place : undefined;
}

/** Where a number of the log began. */
export interface LogBeginning {
  readonly position: number;
  /** Of its first block. */
  readonly hash: string;
}

/** What a lineage says, the newest first. */
export function parseLineage(lineage: string): LogBeginning[] {
  return lineage.split('-').map((beginning) => {
    const [position, hash] = beginning.split('.') as [string, string];
    return { position: Number.parseInt(position, 10), hash };
  });
}

/** The lineage of a number that begins after the one with this lineage. */
export function continueLineage({ position, hash }: LogBeginning, before: string | null): string {
  const earlier = before === null ? [] : before.split('-').slice(0, maxLineage - 1);
  return [`${position}.${hash}`, ...earlier].join('-');
}
