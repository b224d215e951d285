import { Decimal } from 'decimal.js';
import { currencyExponent, isCurrencyCode } from './currencies.ts';

/** Reads what callers send; more digits than an amount has, so that nothing is rounded. */
const Exact = Decimal.clone({ precision: 60 });

/**
 * Amounts and balances, positive or negative, have at most so many digits before the point. The database stores
 * NUMERIC(22, 4), which holds exactly this range, so the limit refuses what the column could not keep.
 */
const digitsBeforePoint = 18;

/** ASCII digits, no sign, no exponent, no leading zeros. `\d` without the `u` flag's extensions matches 0-9 only. */
const plainDecimal = /^(?:0|[1-9]\d*)(?:\.(\d+))?$/;

/** 18 digits, a point and 4 decimals. Longer text is refused before anything looks at its digits. */
const maxTextLength = 23;

/** Why a text is not an amount; a sentence for the caller who sent it. */
export class AmountError extends Error {
  override name = 'AmountError';
}

/**
 * An exact amount in one currency: a whole number of its smallest units. Immutable; every result of arithmetic is a
 * new value. Mixing two currencies is a programming error and throws.
 */
export class Money {
  readonly currency: string;
  /** How many of the currency's smallest units it is. */
  readonly #units: bigint;
  /** Kept once it was asked for: a balance is written several times on its way into the books. */
  #text: string | undefined;

  private constructor(units: bigint, currency: string) {
    this.#units = units;
    this.currency = currency;
  }

  /**
   * Reads an amount that a caller sent: plain decimal text, zero or more, at most the currency's decimals (ISO 4217).
   * Nothing is ever rounded. Throws AmountError with a sentence that says what to change, also for a currency of which
   * the decimals are not known.
   *
   * @example
   * Money.parse('0.10', 'USD').plus(Money.parse('0.20', 'USD')).toString(); // '0.30'
   * Money.parse('0.001', 'USD'); // throws AmountError: must have at most 2 decimals, as USD does
   */
  static parse(text: string, currency: string): Money {
    if (text.length > maxTextLength) {
      throw new AmountError('must be below 1000000000000000000 and carry no more than the decimals of its currency');
    }
    const match = plainDecimal.exec(text);
    if (match === null) {
      throw new AmountError('must be a plain decimal such as "12.34": ASCII digits, no sign, separator or exponent');
    }
    const exponent = currencyExponent(currency);
    if (!isCurrencyCode(currency))
      throw new AmountError(`cannot be read: how many decimals ${currency} has is not known`);
    if ((match[1]?.length ?? 0) > exponent) {
      throw new AmountError(`must have at most ${exponent} decimals, as ${currency} does`);
    }
    const units = new Exact(text).times(10 ** exponent);
    const money = new Money(BigInt(units.toFixed()), currency);
    if (money.isOutOfRange()) throw new AmountError('must be below 1000000000000000000');
    return money;
  }

  /** Reads an amount that may be negative, with a minus sign; otherwise as `parse` does. */
  static parseSigned(text: string, currency: string): Money {
    if (!text.startsWith('-')) return Money.parse(text, currency);
    return Money.parse(text.slice(1), currency).negated();
  }

  /**
   * Reads what was stored: a NUMERIC as the database driver delivers it, or the amount of a stored document; decimal
   * text that may be negative. Throws a RangeError for more decimals than the currency has: the books hold something
   * that this service never wrote, and nothing is rounded.
   */
  static fromDatabase(numeric: string, currency: string): Money {
    const exponent = currencyExponent(currency);
    const point = numeric.indexOf('.');
    const decimals = point === -1 ? 0 : numeric.length - point - 1;
    const digits = BigInt(point === -1 ? numeric : numeric.slice(0, point) + numeric.slice(point + 1));
    if (decimals <= exponent) return new Money(digits * powerOfTen(exponent - decimals), currency);
    const scale = powerOfTen(decimals - exponent);
    if (digits % scale !== 0n) throw new RangeError(`${numeric} is no amount in ${currency}`);
    return new Money(digits / scale, currency);
  }

  static zero(currency: string): Money {
    return new Money(0n, currency);
  }

  plus(other: Money): Money {
    const added = this.#sameCurrency(other);
    return added === 0n ? this : new Money(this.#units + added, this.currency);
  }

  minus(other: Money): Money {
    const taken = this.#sameCurrency(other);
    return taken === 0n ? this : new Money(this.#units - taken, this.currency);
  }

  /** So many of it, a whole number. */
  times(count: number): Money {
    return new Money(this.#units * BigInt(count), this.currency);
  }

  negated(): Money {
    return new Money(-this.#units, this.currency);
  }

  isZero(): boolean {
    return this.#units === 0n;
  }

  isNegative(): boolean {
    return this.#units < 0n;
  }

  /** True when the value is beyond what an amount or a balance may be. */
  isOutOfRange(): boolean {
    const limit = powerOfTen(digitsBeforePoint + currencyExponent(this.currency));
    return this.#units >= limit || this.#units <= -limit;
  }

  /** Decimal text with exactly the currency's decimals: "1000.00" USD, "1000" JPY, "-5.250" KWD. */
  toString(): string {
    this.#text ??= textOf(this.#units, currencyExponent(this.currency));
    return this.#text;
  }

  toJSON(): string {
    return this.toString();
  }

  #sameCurrency(other: Money): bigint {
    if (other.currency !== this.currency) throw new TypeError(`${other.currency} does not mix with ${this.currency}`);
    return other.#units;
  }
}

const powersOfTen = Array.from({ length: 40 }, (_, power) => 10n ** BigInt(power));

function powerOfTen(power: number): bigint {
  return powersOfTen[power] ?? 10n ** BigInt(power);
}

function textOf(units: bigint, exponent: number): string {
  if (exponent === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  return `${units < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}
