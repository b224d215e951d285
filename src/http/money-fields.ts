import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { currencyCodes, withdrawnCurrencies } from '../money/currencies.ts';
import { AmountError, Money } from '../money/money.ts';
import { readInput } from './read-input.ts';

/** An ISO 4217 code; also a withdrawn one, as accounts in it are still there to be emptied. */
export const currency = z
  .enum([...currencyCodes, ...withdrawnCurrencies.keys()], {
    error: 'must be an ISO 4217 currency code such as "USD"',
  })
  .meta({ id: 'Currency', description: 'An ISO 4217 code.' });

/** An amount as it arrives: text, because a JSON number has no exact decimals. `readMoney` reads it. */
export const amountText = z.string({ error: 'must be a string such as "12.34", not a number' }).meta({
  ...{ id: 'Amount', description: 'An exact decimal with at most the decimals of its currency.' },
  // What reads it says more; this is for those who make up amounts from the description.
  ...{ pattern: '^(?:0|[1-9]\\d{0,17})(\\.\\d{1,4})?$', examples: ['12.34'] },
});

/** The same of an entry, which takes from an account with a minus sign. */
export const signedAmountText = z.string({ error: 'must be a string such as "12.34", not a number' }).meta({
  ...{ id: 'SignedAmount', description: 'As an amount; with a minus sign what leaves the account.' },
  ...{ pattern: '^-?(?:0|[1-9]\\d{0,17})(\\.\\d{1,4})?$', examples: ['-12.34'] },
});

/** Reads an amount in the currency next to it, and notes at the field's path what is wrong with it. */
export function readMoney(
  amount: string,
  currencyCode: string,
  path: PropertyKey[],
  context: z.core.$RefinementCtx,
  parse: (text: string, currency: string) => Money = Money.parse,
): Money {
  try {
    return parse(amount, currencyCode);
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    context.addIssue({ code: 'custom', path, message: error.message });
    return z.NEVER;
  }
}

/**
 * Reads an amount whose currency stands elsewhere than in the body, so that no schema could read it. Throws
 * RefusalError `validation_failed` for the field at `path`.
 */
export function getMoney(amount: string, currencyCode: string, path: string): Money {
  const schema = z.string().transform((text, context) => readMoney(text, currencyCode, [], context));
  return readInput(z.object({ [path]: schema }), { [path]: amount })[path]!;
}

/** The same, above zero. */
export function getAmount(amount: string, currencyCode: string, path: string): Money {
  const money = getMoney(amount, currencyCode, path);
  if (money.isZero()) throw invalidInput([{ path, message: 'must be above zero' }]);
  return money;
}
