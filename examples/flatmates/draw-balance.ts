import type { BalanceSeries } from 'joint-ledger/client';

const width = 40;

/** How the balance went as bars, a line a step. Bars are made of whole cents; what is shown is the ledger's own text. */
export function drawBalance({ data }: BalanceSeries): string {
  const cents = (amount: string) => BigInt(amount.replace('.', ''));
  const highest = data.reduce((most, { closing }) => (cents(closing) > most ? cents(closing) : most), 1n);
  const lines = data.map(({ from, closing }) => {
    const length = cents(closing) > 0n ? Number((cents(closing) * BigInt(width)) / highest) : 0;
    return `${from} ${'█'.repeat(length).padEnd(width)} ${closing.padStart(9)}`;
  });
  return lines.join('\n');
}
