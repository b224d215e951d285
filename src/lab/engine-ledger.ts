import { type OpenAccountCommand, openAccount } from '../accounts/open-account.ts';
import type { Database } from '../database/create-database.ts';
import { migrate } from '../database/migrate.ts';
import { createId } from '../ledger/create-id.ts';
import { insertLedger } from '../ledger/insert-ledger.ts';
import { createOperation, type Operation } from '../ledger/operation.ts';
import { createPostingEngine } from '../ledger/posting-engine.ts';
import { Money } from '../money/money.ts';
import { currency } from './amount-changes.ts';
import { engineMovement, termsOf } from './engine-movement.ts';
import type { EngineAccounts, FinalValue } from './scenario.ts';
import type { RowChange } from './scenario-tables.ts';

/** A ledger in the schema of a run, made by the real migrations and kept by the real engine. */
export interface EngineLedger {
  /** Opens accounts with these balances, anew for each round: a journal is only ever added to. */
  open(balances: Readonly<Record<string, string>>): Promise<EngineAccounts>;
  readValues(accounts: EngineAccounts): Promise<FinalValue[]>;
  /** The entries of the accounts behind the opening one, as changes of their rows. */
  readChanges(accounts: EngineAccounts): Promise<RowChange[]>;
}

export async function createEngineLedger(database: Database): Promise<EngineLedger> {
  await migrate(database);
  const ledgerId = createId();
  await insertLedger(database, { id: ledgerId, name: 'Race lab' });
  const options = { database, lockTimeoutMs: 5_000, lanes: 1, maxQueued: 100, onCommitted: () => {} };
  const engine = createPostingEngine(options);

  async function submit(operation: Operation<unknown>): Promise<void> {
    const { outcome } = await engine.submit(operation);
    if ('refusal' in outcome) throw new Error(outcome.refusal.detail);
  }

  return {
    async open(balances) {
      const accountIds = Object.fromEntries(Object.keys(balances).map((name) => [name, createId()]));
      for (const [name, by] of Object.entries(balances)) {
        await submit(createOperation(openAccount, accountCommand(accountIds[name]!, name), termsOf(ledgerId)));
        const deposit = { table: 'accounts', id: name, column: 'balance', by };
        await submit(engineMovement({ ledgerId, accountIds }, [deposit])());
      }
      return { ledgerId, accountIds };
    },
    async readValues({ accountIds }) {
      const values = [];
      for (const [name, id] of Object.entries(accountIds)) {
        const { balance } = await database('accounts').where({ ledger_id: ledgerId, id }).first('balance');
        values.push({ table: 'accounts', id: name, value: Money.fromDatabase(balance, currency).toString() });
      }
      return values;
    },
    async readChanges({ accountIds }) {
      const names = new Map(Object.entries(accountIds).map(([name, id]) => [id, name]));
      const entries = await database('entries')
        .where('ledger_id', ledgerId)
        .whereIn('account_id', [...names.keys()])
        .where('version', '>', 1)
        .orderBy(['account_id', 'version'])
        .select('transaction_id', 'account_id', 'version', 'balance_after');
      return entries.map(({ transaction_id: transactionId, account_id: id, version, balance_after: balance }) => ({
        ...{ pid: null, transactionId, table: 'accounts', id: names.get(id)!, revision: version - 1 },
        value: Money.fromDatabase(balance, currency).toString(),
      }));
    },
  };
}

function accountCommand(id: string, name: string): OpenAccountCommand {
  return {
    ...{ id, name, externalId: null, currency, ownership: 'joint', holders: [], mandate: null, timeZone: 'UTC' },
    ...{ survivorship: 'survivors', overdraftLimit: Money.zero(currency), whenTaken: 'refuse' },
  };
}
