import { hash } from 'node:crypto';

/**
 * By what a transaction is found that has this text at this key of its metadata: the first half of the SHA-256 of
 * `key=text`, written as a UUID, so that long texts make no long keys of an index. Stored: what changes here must give
 * the same terms. Two pairs may have one term, so that what is found is compared.
 */
export function metadataTerm(key: string, text: string): string {
  const hex = hash('sha256', `${key}=${text}`, 'hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The terms of all texts that stand at the first level. */
export function metadataTerms(metadata: Readonly<Record<string, unknown>> | null): string[] {
  if (metadata === null) return [];
  const texts = Object.entries(metadata).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return [...new Set(texts.map(([key, text]) => metadataTerm(key, text)))];
}
