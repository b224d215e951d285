import { z } from 'zod';
import { type ErrorCode, errorTitles } from '../errors/error-catalogue.ts';

/*
 * How documents write what stands in all of them. They say what this service answers; what callers send is read by the
 * fields of `src/http/read-input.ts` and `money-fields.ts`.
 */

export const uuid = z.uuid();

/** An exact decimal, with the decimals that its currency has. */
export const amount = z.string().regex(/^(?:0|[1-9]\d*)(?:\.\d+)?$/);

/** A balance, or the amount of an entry: below zero with a minus sign. */
export const signedAmount = z.string().regex(/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/);

/** Of the form of ISO 4217; also one that this version does not know. */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/);

/** In UTC, with milliseconds. */
export const instantText = z.iso.datetime({ precision: 3 });

export const dayText = z.iso.date();

/** A whole number from zero on. */
export const count = z.int().nonnegative();

/** A SHA-256. */
export const hashText = z.string().regex(/^[0-9a-f]{64}$/);

export const errorCode = z.enum(Object.keys(errorTitles) as ErrorCode[]);
