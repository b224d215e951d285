import { hash } from 'node:crypto';
import { canonicalJson } from '../ledger/canonical-json.ts';
import type { Beginning, End } from './find-cut.ts';
import type { Statement } from './statement.ts';
import type { Tally } from './tally.ts';

/** What a statement is made of. */
export interface Drawn {
  readonly id: string;
  readonly number: number | null;
  readonly beginning: Omit<Beginning, 'number' | 'interval'>;
  readonly end: End;
  readonly periodTo: Date;
  /** Of all entries between the beginning and the end. */
  readonly tally: Tally;
  readonly issuedAt: Date;
}

/** The statement with its hash. Pure. */
export function sealStatement({ id, number, beginning, end, periodTo, tally, issuedAt }: Drawn): Statement {
  const { accountId, currency, timeZone, periodFrom, fromVersion, opening } = beginning;
  const head = {
    ...{ id, number, accountId, currency, timeZone },
    periodFrom: periodFrom.toISOString(),
    periodTo: periodTo.toISOString(),
    fromVersion,
    toVersion: end.toVersion,
    opening: opening.toString(),
    closing: end.closing.toString(),
    ...tally.present(),
    issuedAt: issuedAt.toISOString(),
  };
  return { ...head, hash: statementHash(head) };
}

/**
 * SHA-256 of the canonical JSON (RFC 8785) of all fields but `hash`. Amounts and instants are texts and all numbers are
 * whole, of which JavaScript writes the canonical form.
 */
export function statementHash({ hash: _hash, ...head }: Omit<Statement, 'hash'> & { hash?: string }): string {
  return hash('sha256', canonicalJson(head));
}
