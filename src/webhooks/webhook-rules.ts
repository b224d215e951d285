import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of what is delivered to webhook endpoints. */
export const webhookRules: BooksRules = {
  'a webhook is of an event in the log, which its endpoint has got to': `
    select d.ledger_id, d.id::text as subject
    from webhook_deliveries d
    join webhook_endpoints w on w.ledger_id = d.ledger_id and w.id = d.endpoint_id
    left join lateral (
      select b.account_ids[d.log_position - b.first_position + 1] as account_id
      from log_blocks b
      where b.ledger_id = d.ledger_id and b.last_position >= d.log_position and b.first_position <= d.log_position
      order by b.last_position limit 1) e on true
    where d.log_position is not null
      and (d.log_position > w.log_position or e.account_id is distinct from d.account_id)`,
  'no webhook endpoint has got further than the log': `
    select w.ledger_id, w.id::text as subject
    from webhook_endpoints w
    where w.log_position > coalesce(
      (select b.last_position from log_blocks b where b.ledger_id = w.ledger_id
       order by b.last_position desc limit 1), -1)`,
};
