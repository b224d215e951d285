import { v5 as uuidv5 } from 'uuid';

/**
 * The id of a ledger's clearing account in a currency. It is derived from both (UUID version 5, RFC 9562), so that
 * posting a deposit never has to look it up. The row itself comes into being with the ledger's first account in the
 * currency.
 */
export function clearingAccountId(ledgerId: string, currency: string): string {
  return uuidv5(`clearing:${currency}`, ledgerId);
}
