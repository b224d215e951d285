import { z } from 'zod';
import { amountText, currency, readMoney } from '../http/money-fields.ts';
import { id, text } from '../http/read-input.ts';
import type { Money } from '../money/money.ts';
import { noteFields, reservedUntil } from '../movements/movement-schemas.ts';
import type { AmountRule } from './amount-rule.ts';
import { catchUpRules } from './catch-up.ts';
import { weekendRules } from './schedule.ts';

/** Each run counts from the day it is booked. */
const { valueDate: _ofMovements, ...notes } = noteFields;

/** What stands in these is looked at with the calendar (`problemsOfSchedule`). */
const schedule = z.strictObject(
  {
    startsAt: text(50),
    timeZone: text(100).nullish(),
    recurrence: text(10_000).nullish(),
    weekends: z.enum(weekendRules).default('keep'),
  },
  { error: 'must be an object such as {"startsAt": "2026-12-01T09:00:00", "recurrence": "FREQ=MONTHLY"}' },
);

function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, error).max(most, error);
}

const retries = z
  .strictObject({ times: wholeNumber(0, 20).default(3), everyMinutes: wholeNumber(1, 10_080).default(240) })
  .default({ times: 3, everyMinutes: 240 });

const standingOrderFields = {
  fromAccountId: id,
  toAccountId: id,
  currency,
  amount: amountText.nullish(),
  sweep: z.strictObject({ keep: amountText }, { error: 'must be an object such as {"keep": "500.00"}' }).nullish(),
  topUp: z.strictObject({ to: amountText }, { error: 'must be an object such as {"to": "200.00"}' }).nullish(),
  most: amountText.nullish(),
  schedule,
  catchUp: z.enum(catchUpRules).default('all'),
  retries,
  ...notes,
  expiresAt: reservedUntil.nullish(),
};

type Fields = z.output<z.ZodObject<typeof standingOrderFields>>;

/**
 * The body of `POST /v1/standing-orders`. The route finds the time zone, where none is told, and checks the schedule.
 */
export const standingOrderBody = z.strictObject(standingOrderFields).transform((fields, context) => {
  const { fromAccountId, toAccountId, currency, schedule, catchUp, retries } = fields;
  if (fromAccountId === toAccountId) {
    context.addIssue({ code: 'custom', path: ['toAccountId'], message: 'must differ from fromAccountId' });
  }
  return {
    ...{ accountId: fromAccountId, toAccountId, currency, schedule, catchUp, retries },
    rule: readRule(fields, context),
    initiatedBy: fields.initiatedBy ?? null,
    description: fields.description ?? null,
    reference: fields.reference ?? null,
    metadata: fields.metadata ?? null,
    expiresAt: fields.expiresAt ?? null,
  };
});

function readRule(fields: Fields, context: z.core.$RefinementCtx): AmountRule {
  const { amount, sweep, topUp, most, currency } = fields;
  const issue = (path: string[], message: string) => {
    context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  };
  function read(value: string, ...path: string[]): Money {
    return readMoney(value, currency, path, context);
  }
  function readPositive(value: string, ...path: string[]): Money {
    const money = read(value, ...path);
    return money !== z.NEVER && money.isZero() ? issue(path, 'must be above zero') : money;
  }
  if ([amount, sweep, topUp].filter((rule) => rule != null).length !== 1) {
    return issue(['amount'], 'must stand here, or one of sweep and topUp, and only one of them');
  }
  if (amount != null) {
    if (most != null) return issue(['most'], 'must come with sweep or topUp');
    return { type: 'fixed', amount: readPositive(amount, 'amount') };
  }
  const limit = most == null ? null : readPositive(most, 'most');
  if (sweep != null) return { type: 'sweep', keep: read(sweep.keep, 'sweep', 'keep'), most: limit };
  return { type: 'topUp', to: readPositive(topUp!.to, 'topUp', 'to'), most: limit };
}

/** The party that pauses, resumes or cancels. */
export const actBody = z.strictObject({ by: id.nullish() }).optional();
