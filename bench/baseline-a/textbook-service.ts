import { createHash } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Knex } from 'knex';
import { bookMovement, type MovementRequest } from './textbook-movement.ts';
import { addTextbookReads } from './textbook-reads.ts';
import { InvalidRequestError, readAccountId, readMoney } from './textbook-validation.ts';

/**
 * The service that anybody would write first and that is right: one request, one transaction. It answers the same
 * requests with the same documents as joint-ledger and keeps the same promises.
 */
export function createTextbookService(database: Knex): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // hashing every answer would be a handicap
  app.use(authenticate(database));
  app.use(express.json());

  async function answer(req: Request, res: Response, movement: Omit<MovementRequest, 'ledgerId' | 'key'>) {
    const request = { ...movement, ledgerId: res.locals.ledgerId, key: readKey(req) };
    const { status, body, replayed } = await bookMovement(database, request);
    if (replayed) res.set('Idempotent-Replayed', 'true');
    if (status === 201) res.set('Location', `/v1/transactions/${(body as { id: string }).id}`);
    res.status(status).json(body);
  }

  app.post('/v1/transfers', (req, res) => {
    const fromAccountId = readAccountId(req.body?.fromAccountId);
    const toAccountId = readAccountId(req.body?.toAccountId);
    if (fromAccountId === toAccountId) throw new InvalidRequestError('toAccountId must differ from fromAccountId');
    const { amount, currency } = readMoney(req.body);
    const legs = [
      { accountId: fromAccountId, amount: amount.negated() },
      { accountId: toAccountId, amount },
    ];
    return answer(req, res, { type: 'transfer', amount, currency, legs });
  });

  app.post('/v1/accounts/:accountId/deposits', (req, res) => {
    const accountId = readAccountId(req.params.accountId);
    const { amount, currency } = readMoney(req.body);
    return answer(req, res, { type: 'deposit', amount, currency, legs: [{ accountId, amount }] });
  });

  app.post('/v1/accounts/:accountId/withdrawals', (req, res) => {
    const accountId = readAccountId(req.params.accountId);
    const { amount, currency } = readMoney(req.body);
    const legs = [{ accountId, amount: amount.negated() }];
    return answer(req, res, { type: 'withdrawal', amount, currency, legs });
  });

  addTextbookReads(app, database);

  app.use((_req, res) => {
    res.status(404).json({ title: 'There is nothing here' });
  });
  app.use(answerError);
  return app;
}

/** A revoked key works for at most this long, as in joint-ledger. */
const cacheMs = 5_000;

/** Finds the ledger of the API key, which is looked up again only when it was not seen for a while. */
function authenticate(database: Knex): RequestHandler {
  const known = new Map<string, { ledgerId: string; until: number }>();
  return async (req, res, next) => {
    const key = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const hash = createHash('sha256').update(key).digest();
    const cacheKey = hash.toString('base64');
    let found = known.get(cacheKey);
    if (found === undefined || found.until < Date.now()) {
      const row = await database('api_keys').where('key_hash', hash).whereNull('revoked_at').first('ledger_id');
      if (row === undefined) {
        res.status(401).json({ title: 'This API key is not known' });
        return;
      }
      found = { ledgerId: row.ledger_id, until: Date.now() + cacheMs };
      known.set(cacheKey, found);
    }
    res.locals.ledgerId = found.ledgerId;
    next();
  };
}

/** The idempotency key and the hash of what is asked under it. */
function readKey(req: Request): MovementRequest['key'] {
  const text = req.get('Idempotency-Key') ?? '';
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) throw new InvalidRequestError('Idempotency-Key must be visible ASCII');
  const request = JSON.stringify([req.method, req.path, req.body]);
  return { text, requestHash: createHash('sha256').update(request).digest() };
}

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  const invalid = error instanceof InvalidRequestError || error.type === 'entity.parse.failed';
  if (!invalid) console.error(error);
  res.status(invalid ? 400 : 500).json({ title: invalid ? error.message : 'Something went wrong' });
};
