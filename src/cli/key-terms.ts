import { InvalidArgumentError } from 'commander';
import { type Scope, scopes, scopesByDefault } from '../ledger/key-scopes.ts';
import { readInstant } from './ledger-command.ts';

/** What a key is to be for: scopes with commas between them, or all. */
export const scopesOption = {
  meaning: `what the key is for: some of ${scopes.join(', ')}, with commas between them, or all; \
all but movements:unsigned and keys:manage when left out`,
  read(text: string): string {
    const unknown = namesIn(text).find((name) => name !== 'all' && !scopes.includes(name as Scope));
    if (unknown !== undefined) throw new InvalidArgumentError(`${JSON.stringify(unknown)} is no scope.`);
    return text;
  },
};

export function scopesOf(list: string | undefined): readonly Scope[] {
  if (list === undefined) return scopesByDefault;
  const named = namesIn(list);
  return named.includes('all') ? scopes : scopes.filter((scope) => named.includes(scope));
}

/** When the key ends by itself. */
export const expiresOption = {
  meaning: 'when the key ends by itself, such as 2027-01-31T00:00:00Z',
  read(text: string): string {
    if (Date.parse(readInstant(text)) <= Date.now()) throw new InvalidArgumentError('It must lie in the future.');
    return text;
  },
};

function namesIn(list: string): string[] {
  return list.split(',').map((name) => name.trim());
}
