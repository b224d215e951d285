import { setTimeout as sleep } from 'node:timers/promises';

/** A call that was answered, with what it does to the balance of each account in whole units. */
export interface Answered {
  readonly key: string;
  readonly path: string;
  readonly body: object;
  readonly changes: Readonly<Record<string, number>>;
  readonly status: number;
  readonly text: string;
}

export interface SteadyLoad {
  /** Where the calls go, in turn; a test changes it while the load goes on. */
  urls: readonly string[];
  readonly answered: readonly Answered[];
  /** How often a call was sent again, because there was no answer or because the service could not take it. */
  readonly retries: number;
  /** Sends one call, again and again until it is answered, always with the same key. */
  send(call: Call): Promise<Answered>;
  /** Lets each caller finish the call that it is at. */
  stop(): Promise<void>;
  /** Ends the load when nothing may be left that answers: no call is sent again. */
  giveUp(): Promise<void>;
}

type Call = Pick<Answered, 'key' | 'path' | 'body' | 'changes'>;

export interface SteadyLoadOptions {
  readonly apiKey: string;
  readonly accountIds: readonly string[];
  readonly callers: number;
  readonly urls: readonly string[];
}

/** Unavailable, or at its limit: the same call may be sent again. */
const asksForAnotherTry = [503, 429];

/** Starts callers that move a little money between the accounts, one call after the other, until they are stopped. */
export function startSteadyLoad({ apiKey, accountIds, callers, urls }: SteadyLoadOptions): SteadyLoad {
  const answered: Answered[] = [];
  let [isOver, isGivenUp, retries, sent] = [false, false, 0, 0];
  const load: SteadyLoad = {
    urls,
    answered,
    get retries() {
      return retries;
    },
    async send(call) {
      for (;;) {
        const url = load.urls[sent++ % load.urls.length]!;
        const answer = await post(`${url}${call.path}`, call, apiKey).catch(() => undefined);
        if (answer !== undefined && !asksForAnotherTry.includes(answer.status)) return { ...call, ...answer };
        if (isGivenUp) throw new Error(`the call ${call.key} was not answered: ${answer?.status} ${answer?.text}`);
        retries++;
        await sleep(20);
      }
    },
    async stop() {
      isOver = true;
      await running;
    },
    async giveUp() {
      isGivenUp = true;
      await load.stop().catch(() => {});
    },
  };
  async function call(caller: number): Promise<void> {
    for (let round = 0; !isOver; round++) answered.push(await load.send(makeCall(accountIds, caller, round)));
  }
  const running = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return load;
}

async function post(url: string, { key, body }: Call, apiKey: string): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}

/** Callers begin at different accounts, and each does the three kinds of movements in turn. */
function makeCall(accountIds: readonly string[], caller: number, round: number): Call {
  const account = (offset: number) => accountIds[(caller + round + offset) % accountIds.length]!;
  const [from, to] = [account(0), account(1)];
  const key = `load-${caller}-${round}`;
  const money = { currency: 'USD', amount: '1.00' };
  const calls = [
    {
      path: '/v1/transfers',
      body: { ...money, fromAccountId: from, toAccountId: to },
      changes: { [from]: -1, [to]: 1 },
    },
    { path: `/v1/accounts/${from}/deposits`, body: money, changes: { [from]: 1 } },
    { path: `/v1/accounts/${from}/withdrawals`, body: money, changes: { [from]: -1 } },
  ];
  return { key, ...calls[round % calls.length]! };
}
