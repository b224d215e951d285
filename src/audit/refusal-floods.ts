import type { AuditEntry } from './audit-entry.ts';

/** So many refusals of one key have entries of their own in a second. */
const maxInWindow = 20;
const windowMs = 1_000;

interface Window {
  readonly startedAt: number;
  entries: number;
  /** The rest, by their codes. */
  readonly rest: Map<string, AuditEntry>;
}

/**
 * Keeps a flood of refusals from being a flood of entries: of each key the first of a second pass, and the rest become
 * one entry for each code, which says how many they were.
 */
export class RefusalFloods {
  readonly #windows = new Map<string, Window>();

  /** Answers whether the refusal is to be an entry of its own. */
  passes(entry: AuditEntry, now: number): boolean {
    const key = `${entry.ledgerId} ${entry.keyId ?? entry.partyId}`;
    const window = this.#windows.get(key) ?? { startedAt: now, entries: 0, rest: new Map() };
    this.#windows.set(key, window);
    if (window.entries++ < maxInWindow) return true;
    const before = window.rest.get(`${entry.code}`);
    window.rest.set(`${entry.code}`, before === undefined ? entry : merge(before, entry));
    return false;
  }

  /** Takes the counted refusals out, of the seconds that are over. */
  takeEnded(now: number): AuditEntry[] {
    const over = [...this.#windows].filter(([, { startedAt }]) => now - startedAt >= windowMs);
    for (const [key] of over) this.#windows.delete(key);
    return over.flatMap(([, { rest }]) => [...rest.values()]);
  }

  /** Whether a second is under way. */
  get isCounting(): boolean {
    return this.#windows.size > 0;
  }
}

/** Both refusals as one: the time of the first, and what they share. */
function merge(first: AuditEntry, second: AuditEntry): AuditEntry {
  const shared = <Name extends keyof AuditEntry>(name: Name) => (first[name] === second[name] ? first[name] : null);
  return {
    ...first,
    action: shared('action'),
    method: shared('method'),
    path: shared('path'),
    address: shared('address'),
    requestId: null,
    count: first.count + second.count,
  };
}
