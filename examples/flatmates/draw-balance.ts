import type { Entry } from 'joint-ledger/client';

const width = 40;

/**
 * The balance after each entry as a bar. Amounts are compared as whole cents; what is shown is the ledger's own text.
 */
export function drawBalance(entries: readonly Entry[]): string {
  const balances = entries.map(({ balanceAfter }) => BigInt(balanceAfter!.replace('.', '')));
  const highest = balances.reduce((most, balance) => (balance > most ? balance : most), 1n);
  const lines = entries.map(({ bookedAt, balanceAfter, description }, index) => {
    const length = balances[index]! > 0n ? Number((balances[index]! * BigInt(width)) / highest) : 0;
    return `${bookedAt.slice(0, 10)} ${'█'.repeat(length).padEnd(width)} ${balanceAfter!.padStart(9)}  ${description ?? ''}`;
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}
