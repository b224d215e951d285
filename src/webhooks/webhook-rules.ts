import type { BooksRules } from '../ledger/books-rules.ts';

/** What must hold of what is delivered to webhook endpoints. */
export const webhookRules: BooksRules = {
  'a webhook is of an event in the log, which its endpoint has got to': `
    select d.ledger_id, d.id::text as subject
    from webhook_deliveries d
    join webhook_endpoints w on w.ledger_id = d.ledger_id and w.id = d.endpoint_id
    left join events e on e.ledger_id = d.ledger_id and e.epoch = d.event_epoch and e.xid = d.event_xid
                      and e.position = d.event_position and e.type = d.type
                      and e.account_id is not distinct from d.account_id
    where d.event_xid is not null
      and (e.xid is null
           or (e.epoch, e.xid, e.position) > (w.cursor_epoch, w.cursor_xid, w.cursor_position))`,
};
