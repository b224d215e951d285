/**
 * The sides of an amount as text: many formats write amounts without a sign, and say by a letter or a word what left
 * the account. Amounts never become numbers.
 */

/** Whether it lowers the balance. Zero is on the other side, also where it has a sign. */
export function isDebit(amount: string): boolean {
  return amount.startsWith('-') && /[1-9]/.test(amount);
}

/** The amount without its sign. */
export function unsigned(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : amount;
}

/** The amount, of which zero has no sign: readers make negative zeros of it. */
export function signed(amount: string): string {
  return isDebit(amount) ? amount : unsigned(amount);
}
