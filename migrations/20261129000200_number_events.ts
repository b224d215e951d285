import type { Knex } from 'knex';

/**
 * Puts what has happened before into the numbered log, in the order in which readers have seen it. Webhook endpoints go
 * on where they were; deliveries keep the id that their receivers know.
 */
export async function up(knex: Knex): Promise<void> {
  // Whatever is written from now on fails: processes of an earlier version are to be stopped before.
  await knex.raw('lock table events_by_xid in share row exclusive mode');
  await knex.raw(`
    create temporary table numbered on commit drop as
    select e.*, row_number() over (partition by e.ledger_id order by e.epoch, e.xid, e.position) - 1 as log_position,
           n.version, case when n.version is null then gen_random_uuid() end as event_id
    from events_by_xid e
    left join entries n on e.type = 'transaction.booked' and n.ledger_id = e.ledger_id
                       and n.transaction_id = e.subject_id and n.account_id = e.account_id`);
  await knex.raw('create index on numbered (ledger_id, epoch, xid, position)');
  await knex.raw('analyze numbered');
  await knex.raw(`
    insert into events (ledger_id, id, account_id, sequence, type, subject_id, occurred_at, data)
    select ledger_id, event_id, account_id, sequence, type, subject_id, occurred_at, coalesce(data, '{}')
    from numbered where event_id is not null`);
  await knex.raw('insert into logs (ledger_id) select id from ledgers');
  await knex.raw(`
    do $$
    declare
      block record;
      previous text;
      hash bytea;
    begin
      for block in
        select ledger_id, min(log_position) as first_position, max(log_position) as last_position,
               max(occurred_at) as appended_at,
               array_agg(account_id order by log_position) as account_ids,
               array_agg(sequence order by log_position) as sequences,
               case when count(version) > 0 then array_agg(version order by log_position) end as versions,
               case when count(event_id) > 0 then array_agg(event_id order by log_position) end as event_ids
        from numbered group by ledger_id, log_position / 1000 order by ledger_id, min(log_position)
      loop
        if block.first_position = 0 then previous := ''; end if;
        hash := sha256(convert_to(concat_ws('|', previous,
          to_char(block.appended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), block.account_ids::text, block.sequences::text,
          coalesce(block.versions::text, ''), coalesce(block.event_ids::text, '')), 'UTF8'));
        insert into log_blocks values (
          block.ledger_id, block.last_position, block.first_position, 0, block.appended_at, hash,
          block.account_ids, block.sequences, block.versions, block.event_ids);
        if block.first_position = 0 then
          insert into log_numbers values (block.ledger_id, 0, 0, '0.' || left(encode(hash, 'hex'), 8));
        end if;
        previous := encode(hash, 'hex');
      end loop;
    end $$`);
  await knex.raw(`
    update webhook_endpoints w
    set log_position = coalesce(
      (select n.log_position from numbered n
       where n.ledger_id = w.ledger_id
         and (n.epoch, n.xid, n.position) <= (w.cursor_epoch, w.cursor_xid, w.cursor_position)
       order by n.epoch desc, n.xid desc, n.position desc limit 1), -1)`);
  await knex.raw(`
    update webhook_deliveries d
    set log_position = n.log_position, webhook_id = concat_ws('-', n.epoch, n.xid, n.position)
    from numbered n
    where n.ledger_id = d.ledger_id
      and n.epoch = d.event_epoch and n.xid = d.event_xid and n.position = d.event_position`);
  await knex.raw('update webhook_deliveries set webhook_id = id::text where webhook_id is null');
}

/** What is below is dropped with its tables. */
export async function down(): Promise<void> {}
