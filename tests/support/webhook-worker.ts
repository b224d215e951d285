import { expect } from '@jest/globals';
import { pino } from 'pino';
import type { DeliveringOptions } from '../../src/webhooks/webhook-deliveries-queues.ts';
import { createWebhookQueues } from '../../src/webhooks/webhook-queues.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { untilLogged } from './event-log.ts';
import { localWebhooks } from './local-webhooks.ts';
import { until } from './lock-witness.ts';
import type { TestService } from './test-service.ts';

/** Does the work on webhooks when a test says so, one batch at a time. */
export interface WebhookWorker {
  /** Writes deliveries of everything that has happened. */
  tell(): Promise<void>;
  /** Sends once what can be sent now; answers how many endpoints that was for. */
  send(): Promise<number>;
  /** Tells and sends until there is nothing left to be sent now. */
  deliver(): Promise<void>;
  /** Works on one batch of this queue. */
  work(queue: string): Promise<number>;
  /** Makes all that is pending due at once, as though its time had come; leases run out. */
  skipPauses(): Promise<void>;
  /** Tells the worker's process to stop. */
  stop(): void;
}

export function createWebhookWorker(
  { database, ledgerId }: Pick<TestService, 'database' | 'ledgerId'>,
  options: Partial<DeliveringOptions> = {},
): WebhookWorker {
  const stopping = new AbortController();
  const logger = pino({ level: 'silent' });
  const queues = createWebhookQueues({ ...localWebhooks, logger, stopping: stopping.signal, ...options });
  const work = (name: string) => {
    const queue = queues.find((each) => each.name === name);
    if (queue === undefined) throw new Error(`there is no queue ${name}`);
    return runBatch({ database, logger }, queue, ledgerId);
  };
  const worker: WebhookWorker = {
    work,
    async tell() {
      await untilLogged({ database });
      await until(async () => {
        await work('webhook-events');
        const { rows } = await database.raw(
          `select from webhook_endpoints w join log_blocks b on b.ledger_id = w.ledger_id
             and b.last_position > w.log_position
           where w.ledger_id = ? and w.status = 'active' limit 1`,
          [ledgerId],
        );
        return rows.length === 0;
      });
    },
    send: async () => (await work('webhook-deliveries')) + (await work('webhook-retries')),
    async deliver() {
      await worker.tell();
      while ((await worker.send()) > 0);
      const { rows } = await database.raw('select * from failed_work where ledger_id = ?', [ledgerId]);
      expect(rows).toEqual([]);
    },
    async skipPauses() {
      await database('webhook_deliveries')
        .where({ ledger_id: ledgerId, status: 'pending' })
        .update({ next_attempt_at: database.raw("now() - interval '1 ms'") });
    },
    stop: () => stopping.abort(),
  };
  return worker;
}
