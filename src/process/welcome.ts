import { demoAccountIds } from '../../seeds/demo.ts';
import type { Role } from '../config.ts';

export interface WelcomeFacts {
  readonly host: string;
  readonly port: number;
  readonly role: Role;
  /** False where no queue is worked through, whatever the role. */
  readonly hasWorkers: boolean;
  readonly processes: number;
  /** Which embedded database it runs on; undefined for another one. */
  readonly database: string | undefined;
  /** Undefined when there are no demo accounts. */
  readonly demoApiKey: string | undefined;
}

/** What a start prints: where the service listens, and a first request to paste. */
export function welcome(facts: WelcomeFacts): string {
  const { host, port, role, hasWorkers, processes, database, demoApiKey } = facts;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const workers = role !== 'all' ? '' : hasWorkers ? ' and workers' : ', workers are off';
  const lines = [
    role === 'worker'
      ? `joint-ledger ${hasWorkers ? 'works on' : 'leaves alone'} its queues, and listens on ${url} for its health`
      : `joint-ledger listens on ${url} (${processes === 1 ? '1 process' : `${processes} processes`}${workers})`,
    ...(database === undefined ? [] : [`Database: ${database}`]),
  ];
  if (role === 'worker') return `${lines.join('\n')}\n`;
  if (demoApiKey === undefined) {
    return [
      ...lines,
      'There are no demo accounts here. A ledger and its key: npm run ledger:create -- "Name"',
      '',
    ].join('\n');
  }
  const household = `${url}/v1/accounts/${demoAccountIds.household}`;
  return `${[
    ...lines,
    `Demo API key: ${demoApiKey}`,
    '',
    'Deposit 100.00 USD into the joint account "Household":',
    '',
    `curl -sS ${household}/deposits -H 'Authorization: Bearer ${demoApiKey}' ` +
      `-H 'Content-Type: application/json' -d '{"amount":"100.00","currency":"USD"}'`,
    '',
    'Look at it:',
    '',
    `curl -sS ${household} -H 'Authorization: Bearer ${demoApiKey}'`,
    '',
  ].join('\n')}\n`;
}
