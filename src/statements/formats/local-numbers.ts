import type { StatementLanguage } from '../statement.ts';
import { signed } from './entry-side.ts';

/** How a language writes what stands in statements. */
export interface LocalNumbers {
  amount(amount: string): string;
  /** Of a day such as `2026-11-30`. */
  day(day: string): string;
  count(count: number): string;
}

/**
 * Writes amounts of one scale as a language does. `Intl` is exact with decimal text; it would not be with numbers, and
 * it is told the decimals, because of some currencies it knows others than ISO 4217.
 */
export function localNumbers(language: StatementLanguage, decimals: number): LocalNumbers {
  const scale = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const amounts = new Intl.NumberFormat(language, scale);
  const counts = new Intl.NumberFormat(language);
  const days = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
  return {
    amount: (amount) => amounts.format(signed(amount) as `${number}`),
    day: (day) => days.format(new Date(`${day}T00:00:00Z`)),
    count: (count) => counts.format(count),
  };
}
