import { type Holder, isOwner } from './holder.ts';
import type { SignatureRule } from './mandate.ts';

/** What has been signed, and what is missing. Counts are of people, whatever their weights. */
export interface SignatureReading {
  readonly isComplete: boolean;
  /** False when even the signatures of all who may still sign would not be enough. */
  readonly isReachable: boolean;
  readonly required: number;
  readonly received: number;
  /** Those whose signatures would count and are missing. */
  readonly missingFrom: readonly string[];
  /** Those whose signatures count. */
  readonly signedBy: readonly string[];
}

/** The reading of what is settled: these signatures were enough when it was. */
export function readSettled(signedBy: readonly string[]): SignatureReading {
  const { length } = signedBy;
  return { isComplete: true, isReachable: true, required: length, received: length, missingFrom: [], signedBy };
}

/** Who has decided what about something that needs signatures, and when. */
export interface Voices {
  readonly approved: ReadonlyMap<string, Date>;
  readonly rejected: ReadonlyMap<string, Date>;
}

/** A party approves what it asks for in this moment, as the holder that it is. */
export function approvedNow(partyId: string | null): Voices {
  return { approved: new Map(partyId === null ? [] : [[partyId, endOfTime]]), rejected: new Map() };
}

/** Later than any membership began. */
const endOfTime = new Date(8.64e15);
const startOfTime = new Date(-8.64e15);

/**
 * Reads the signatures under a rule. `signers` are the active holders who may sign now: the signature of one who lost
 * the right meanwhile does not count, nor one from before the signer's present membership. Pure.
 */
export function readSignatures(rule: SignatureRule, signers: readonly Holder[], voices: Voices): SignatureReading {
  const pool = poolOf(rule, signers);
  const approved = countingVoices(voices.approved, signers);
  const rejected = countingVoices(voices.rejected, signers);
  const signedBy = pool.filter((partyId) => approved.has(partyId));
  const undecided = pool.filter((partyId) => !approved.has(partyId) && !rejected.has(partyId));
  const isComplete = suffices(rule, signers, signedBy);
  return {
    isComplete,
    isReachable: isComplete || suffices(rule, signers, [...signedBy, ...undecided]),
    required: signedBy.length + countMissing(rule, signers, signedBy, undecided),
    received: signedBy.length,
    missingFrom: isComplete ? [] : undecided,
    signedBy,
  };
}

function countingVoices(voices: ReadonlyMap<string, Date>, signers: readonly Holder[]): ReadonlySet<string> {
  const counts = ({ partyId, joinedAt }: Holder) => (voices.get(partyId) ?? startOfTime) >= joinedAt;
  return new Set(signers.filter(counts).map(({ partyId }) => partyId));
}

/** Those whose signatures a rule counts. */
export function poolOf(rule: SignatureRule, signers: readonly Holder[]): string[] {
  const among = (named: readonly string[]) => signers.filter(({ partyId }) => named.includes(partyId));
  const pool = () => {
    switch (rule.rule) {
      case 'any':
        return signers;
      case 'all':
        return signers.filter(isOwner);
      case 'count':
        return rule.signatories === undefined ? signers : among(rule.signatories);
      case 'named':
        return among(rule.signatories);
      case 'weighted':
        return among(Object.keys(rule.weights));
    }
  };
  return pool().map(({ partyId }) => partyId);
}

/** Whether the signatures of these, as far as they may sign, are enough under the rule. */
export function isEnough(rule: SignatureRule, signers: readonly Holder[], signedBy: readonly string[]): boolean {
  const counted = poolOf(rule, signers).filter((partyId) => signedBy.includes(partyId));
  return suffices(rule, signers, counted);
}

function suffices(rule: SignatureRule, signers: readonly Holder[], signed: readonly string[]): boolean {
  switch (rule.rule) {
    case 'any':
      return signed.length > 0;
    case 'all':
      return signed.length > 0 && signed.length === signers.filter(isOwner).length;
    case 'count':
      return signed.length >= rule.count;
    case 'named':
      return signed.length === rule.signatories.length;
    case 'weighted':
      return signed.reduce((sum, partyId) => sum + (rule.weights[partyId] ?? 0), 0) >= rule.threshold;
  }
}

/** The fewest further signatures that would do: with weights, those that weigh most. */
function countMissing(
  rule: SignatureRule,
  signers: readonly Holder[],
  signed: readonly string[],
  undecided: readonly string[],
): number {
  const weightOf = (partyId: string) => (rule.rule === 'weighted' ? (rule.weights[partyId] ?? 0) : 1);
  const heaviestFirst = [...undecided].sort((a, b) => weightOf(b) - weightOf(a));
  for (let count = 0; count <= heaviestFirst.length; count++) {
    if (suffices(rule, signers, [...signed, ...heaviestFirst.slice(0, count)])) return count;
  }
  // It can't be had any more; what the rule says is still the number.
  switch (rule.rule) {
    case 'any':
      return 1;
    case 'all':
      return Math.max(1, signers.filter(isOwner).length) - signed.length;
    case 'count':
      return rule.count - signed.length;
    case 'named':
      return rule.signatories.length - signed.length;
    case 'weighted':
      return heaviestFirst.length + 1;
  }
}
