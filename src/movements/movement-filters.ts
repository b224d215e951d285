import { z } from 'zod';
import type { Condition } from '../database/bounded-scan.ts';
import { maxMetadataBytes } from '../http/metadata.ts';
import { day, id, instant, line, text } from '../http/read-input.ts';
import { notStorable, storableText } from '../http/storable.ts';
import { transactionTypes } from '../ledger/booked-transaction.ts';

const decimal = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,17})(?:\.\d{1,4})?$/, 'must be an amount such as 12.34, without a sign');

const maxMetadataFilters = 10;

/** What lists of entries and of transactions are narrowed by. `metadata.<key>=` arrives as a field of `metadata`. */
export const movementFilters = {
  from: instant.optional().meta({ description: 'Booked at this instant or later.' }),
  to: instant.optional().meta({ description: 'Booked before this instant.' }),
  valueFrom: day.optional().meta({ description: 'With this value date or a later one.' }),
  valueTo: day.optional().meta({ description: 'With this value date or an earlier one.' }),
  type: z.enum(transactionTypes).optional(),
  amountFrom: decimal.optional().meta({ description: 'Of at least this amount, whatever its sign.' }),
  amountTo: decimal.optional().meta({ description: 'Of at most this amount, whatever its sign.' }),
  initiatedBy: id.optional(),
  counterpartyAccountId: id.optional().meta({ description: 'With an entry on this account, too.' }),
  reference: line(140).optional().meta({ description: 'With exactly this reference.' }),
  metadata: z
    .record(text(maxMetadataBytes), z.string().max(maxMetadataBytes).refine(storableText, { error: notStorable }), {
      error: 'must name a key, as in metadata.invoice=A-1',
    })
    .refine((wanted) => Object.keys(wanted).length <= maxMetadataFilters, {
      error: `must name at most ${maxMetadataFilters} keys`,
    })
    .optional()
    .meta({ description: 'With exactly this text at this key of `metadata`.' }),
};

const filters = z.object(movementFilters);

/** With a `viewer`, a party that reads an account's entries: only what it may know is compared. */
export type MovementFilters = z.output<typeof filters> & { readonly viewer?: string };

/** Notes the ends of ranges that lie before their beginnings. */
export function checkRanges(
  { from, to, valueFrom, valueTo }: Pick<MovementFilters, 'from' | 'to' | 'valueFrom' | 'valueTo'>,
  context: z.core.$RefinementCtx,
): void {
  const check = (path: string, isBackwards: boolean, message: string) => {
    if (isBackwards) context.addIssue({ code: 'custom', path: [path], message });
  };
  check('to', from !== undefined && to !== undefined && to <= from, 'must lie after from');
  check(
    'valueTo',
    valueFrom !== undefined && valueTo !== undefined && valueTo < valueFrom,
    'must not lie before valueFrom',
  );
}

/**
 * What the transaction `t` must fulfil, all but the time of its booking, which is a range of an index. `amount` is the
 * SQL of the amount that is compared.
 */
export function conditionsOf(wanted: MovementFilters, amount: 't.amount' | 'abs(e.amount)'): Condition[] {
  const conditions: Array<Condition | undefined> = [
    wanted.valueFrom && { sql: 't.value_date >= :valueFrom', bindings: { valueFrom: wanted.valueFrom } },
    wanted.valueTo && { sql: 't.value_date <= :valueTo', bindings: { valueTo: wanted.valueTo } },
    wanted.type && { sql: 't.type = :type', bindings: { type: wanted.type } },
    wanted.amountFrom && { sql: `${amount} >= :amountFrom`, bindings: { amountFrom: wanted.amountFrom } },
    wanted.amountTo && { sql: `${amount} <= :amountTo`, bindings: { amountTo: wanted.amountTo } },
    wanted.initiatedBy && { sql: 't.initiated_by = :initiatedBy', bindings: { initiatedBy: wanted.initiatedBy } },
    wanted.reference && { sql: 't.reference = :reference', bindings: { reference: wanted.reference } },
    wanted.metadata && {
      sql: 't.metadata @> :metadata::jsonb',
      bindings: { metadata: JSON.stringify(wanted.metadata) },
    },
  ].map((condition) => condition || undefined);
  return conditions.filter((condition) => condition !== undefined);
}

/**
 * That the entry `e` is of a transaction `t` that its reader may know whole (`withoutHidden`): its own act, or all the
 * accounts that pay are ones that it may read. Compared last, as it looks at the transaction's other entries.
 */
export const notesAreTold = `(t.initiated_by = :viewer or (
  select count(*) from entries p
  left join holders v on v.ledger_id = :ledgerId and v.account_id = p.account_id and v.party_id = :viewer
    and v.status = 'active' and 'view' = any(v.rights) and (v.history <> 'joining' or v.joined_at <= t.booked_at)
  where p.ledger_id = :ledgerId and p.transaction_id = t.id and p.amount < 0 and p.version is not null
    and v.party_id is null) = 0)`;

/** The same of who initiated it: who does that acts on each account that pays. */
export const signersAreTold = `(e.amount < 0 or ${notesAreTold})`;
