import type { Express } from 'express';
import type { Knex } from 'knex';
import { readAccountId } from './textbook-validation.ts';

const pageSize = 50;

/** What anybody would write first to read accounts: a query for each request, built by knex. */
export function addTextbookReads(app: Express, database: Knex): void {
  app.get('/v1/accounts/:accountId', async (req, res) => {
    const id = readAccountId(req.params.accountId);
    const account = await database('accounts').where({ ledger_id: res.locals.ledgerId, id }).first();
    if (account === undefined) {
      res.status(404).json({ title: 'There is no such account' });
      return;
    }
    const holders = await database('holders')
      .where({ ledger_id: res.locals.ledgerId, account_id: id, status: 'active' })
      .select('party_id', 'rights');
    res.json({ ...account, ledger_id: undefined, holders });
  });

  app.get('/v1/accounts/:accountId/entries', async (req, res) => {
    const entries = await database('entries as e')
      .join('transactions as t', (on) => on.on('t.ledger_id', 'e.ledger_id').andOn('t.id', 'e.transaction_id'))
      .where({ 'e.ledger_id': res.locals.ledgerId, 'e.account_id': readAccountId(req.params.accountId) })
      .orderBy('e.version')
      .limit(pageSize)
      .select('e.*', 't.type', 't.value_date', 't.description', 't.reference', 't.initiated_by', 't.metadata');
    res.json({ data: entries });
  });

  app.get('/v1/accounts/:accountId/balances', async (req, res) => {
    const last = await database('entries')
      .where({ ledger_id: res.locals.ledgerId, account_id: readAccountId(req.params.accountId) })
      .where('booked_at', '<=', String(req.query.at))
      .orderBy('version', 'desc')
      .first('balance_after');
    res.json({ accountId: req.params.accountId, booked: last?.balance_after ?? '0', at: req.query.at });
  });
}
