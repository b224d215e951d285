import type { Knex } from 'knex';
import { projectRules } from './approvals/project-rules.ts';
import { eventRules } from './events/event-rules.ts';
import { restrictionRules } from './holders/restriction-rules.ts';
import { holdRules } from './holds/hold-rules.ts';
import { type BooksFinding, checkRules, type OnRule } from './ledger/books-rules.ts';
import { journalRules } from './ledger/journal-rules.ts';
import { logRules } from './log/log-rules.ts';
import { reversalRules } from './movements/reversal-rules.ts';
import { partyRules } from './parties/party-rules.ts';
import { paymentOrderRules } from './payment-orders/payment-order-rules.ts';
import { standingOrderRules } from './standing-orders/standing-order-rules.ts';
import { statementRules } from './statements/statement-rules.ts';
import { webhookRules } from './webhooks/webhook-rules.ts';

/** The rules of all rooms. Together they prove what the schema can't. */
const rules = {
  ...journalRules,
  ...partyRules,
  ...holdRules,
  ...reversalRules,
  ...projectRules,
  ...paymentOrderRules,
  ...restrictionRules,
  ...logRules,
  ...eventRules,
  ...webhookRules,
  ...standingOrderRules,
  ...statementRules,
};

/**
 * Checks the books of all ledgers in one snapshot and returns everything that is wrong; an empty list proves them.
 * Reads whole tables: meant for tests, audits and quiet hours.
 */
export function verifyBooks(database: Knex, onRule?: OnRule): Promise<BooksFinding[]> {
  return checkRules(database, rules, onRule);
}
