import { type Client, createClient, LedgerError, UnansweredError } from '../client/client.ts';
import { OperatorError } from '../errors/operator-error.ts';

/**
 * Commands on accounts, movements and orders ask the running service over HTTP, with a key of the ledger, instead of
 * writing to the database: so whose key may do what, limits and signatures hold for operators too, what they do stands
 * in line with everything else on the account, and works from any machine that reaches the service. The key comes from
 * the environment and is no argument, because every user of the machine sees the arguments of all processes.
 *
 * Throws OperatorError with what the service said.
 */
export async function callService<Result>(
  { url, apiKey }: { url: string | undefined; apiKey: string | undefined },
  ask: (service: Client) => Promise<Result>,
): Promise<Result> {
  if (apiKey === undefined || apiKey === '') {
    throw new OperatorError('There is no API key: set JOINT_LEDGER_KEY to one of the ledger.');
  }
  const baseUrl = readAddress(url || 'http://127.0.0.1:3000');
  try {
    // A person waits: a service that is restarting is given some seconds.
    return await ask(createClient({ baseUrl, apiKey, retry: { attempts: 5, totalMs: 60_000 } }));
  } catch (error) {
    throw explainFailure(error, baseUrl);
  }
}

function readAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return url;
  throw new OperatorError(`${url} is no address of a service: it must be such as http://127.0.0.1:3000.`);
}

function explainFailure(error: unknown, baseUrl: string): unknown {
  if (error instanceof UnansweredError) {
    const way = 'check --url or JOINT_LEDGER_URL';
    return new OperatorError(`The service at ${baseUrl} gave no answer (${error.message}): ${way}.`, { cause: error });
  }
  if (LedgerError.is(error)) return new OperatorError(`${error.problem.detail} (${error.code})`, { cause: error });
  return error;
}

/**
 * Makes a call that changes something. Throws OperatorError with the key that makes it happen once, however often it is
 * made, when it is not known whether it took effect.
 */
export async function changeOnce<Result>(
  key: string | undefined,
  change: (options: { idempotencyKey: string }) => Promise<Result>,
): Promise<Result> {
  const idempotencyKey = key ?? crypto.randomUUID();
  try {
    return await change({ idempotencyKey });
  } catch (error) {
    const isUnknown = error instanceof UnansweredError || LedgerError.is(error, 'outcome_unknown');
    if (!isUnknown) throw error;
    const again = `Run the same command with --key ${idempotencyKey}: it is done once, however often it is run.`;
    throw new OperatorError(`It is not known whether it was done (${error.message}). ${again}`, { cause: error });
  }
}
