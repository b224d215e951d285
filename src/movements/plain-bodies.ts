import { idempotencyKeyForm } from '../http/read-input.ts';
import { isCurrencyCode } from '../money/currencies.ts';
import { AmountError, Money } from '../money/money.ts';
import type { MovementDetails } from './create-movement.ts';
import { type BatchItemInput, maxBatchSize, maxDescription, maxReference } from './movement-schemas.ts';

// What most bodies of movements are like, read without a schema: what one of these reads is what the schema of its body
// reads (tests/movements/plain-bodies.test.ts holds both against each other), and of all else they know nothing. A
// request costs half as much this way (docs/adr/0036).

type Fields = Readonly<Record<string, unknown>>;

const lowerCaseId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const visibleAscii = /^[\x20-\x7e]+$/;

const details = ['amount', 'currency', 'initiatedBy', 'description', 'reference'];
const ofMovement: ReadonlySet<string> = new Set(details);
const ofTransfer: ReadonlySet<string> = new Set([...details, 'fromAccountId', 'toAccountId']);
const item = [...details, 'type', 'idempotencyKey'];
const ofAccountItem: ReadonlySet<string> = new Set([...item, 'accountId']);
const ofTransferItem: ReadonlySet<string> = new Set([...item, 'fromAccountId', 'toAccountId']);
const ofBatch: ReadonlySet<string> = new Set(['atomic', 'items']);

function hasOnly(fields: Fields, known: ReadonlySet<string>): boolean {
  for (const name in fields) if (!known.has(name)) return false;
  return true;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length === 36 && lowerCaseId.test(value);
}

/** Undefined for what is neither nothing nor plain. */
function plainText(value: unknown, max: number): string | null | undefined {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' && value.length <= max && visibleAscii.test(value) ? value : undefined;
}

function plainId(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return null;
  return isId(value) ? value : undefined;
}

function plainMoney(amount: unknown, currency: unknown): Money | undefined {
  if (typeof amount !== 'string' || typeof currency !== 'string' || !isCurrencyCode(currency)) return;
  try {
    const money = Money.parse(amount, currency);
    return money.isZero() ? undefined : money;
  } catch (error) {
    if (error instanceof AmountError) return;
    throw error;
  }
}

function plainDetails(fields: Fields): MovementDetails | undefined {
  const amount = plainMoney(fields.amount, fields.currency);
  const initiatedBy = plainId(fields.initiatedBy);
  const description = plainText(fields.description, maxDescription);
  const reference = plainText(fields.reference, maxReference);
  if (amount === undefined || initiatedBy === undefined || description === undefined || reference === undefined) return;
  const nothing = { authentication: null, valueDate: null, metadata: null, expiresAt: null, externalId: null };
  return { amount, initiatedBy, description, reference, ...nothing };
}

/** The body of a deposit or of a withdrawal. */
export function plainMovement(fields: Fields): MovementDetails | undefined {
  return hasOnly(fields, ofMovement) ? plainDetails(fields) : undefined;
}

function plainAccounts({ fromAccountId, toAccountId, ...fields }: Fields) {
  const read = plainDetails(fields);
  if (read === undefined || !isId(fromAccountId) || !isId(toAccountId) || fromAccountId === toAccountId) return;
  return { fromAccountId, toAccountId, details: read };
}

/** The body of a transfer. */
export function plainTransfer(fields: Fields) {
  return hasOnly(fields, ofTransfer) ? plainAccounts(fields) : undefined;
}

/** The body of a batch, where all of its items are plain. */
export function plainBatch(fields: Fields): { atomic: boolean; items: BatchItemInput[] } | undefined {
  const { atomic, items } = fields;
  if (!hasOnly(fields, ofBatch) || typeof atomic !== 'boolean' || !Array.isArray(items)) return;
  if (items.length === 0 || items.length > maxBatchSize) return;
  const read: BatchItemInput[] = [];
  for (const each of items) {
    const plain = typeof each === 'object' && each !== null ? plainItem(each) : undefined;
    if (plain === undefined) return;
    read.push(plain);
  }
  return { atomic, items: read };
}

function plainItem(fields: Fields): BatchItemInput | undefined {
  const { type, accountId } = fields;
  const idempotencyKey = fields.idempotencyKey ?? null;
  if (idempotencyKey !== null && !(typeof idempotencyKey === 'string' && idempotencyKeyForm.test(idempotencyKey)))
    return;
  if (type === 'transfer') {
    const read = hasOnly(fields, ofTransferItem) ? plainAccounts(fields) : undefined;
    return read && { type, idempotencyKey, ...read };
  }
  if ((type !== 'deposit' && type !== 'withdrawal') || !isId(accountId) || !hasOnly(fields, ofAccountItem)) return;
  const read = plainDetails(fields);
  return read && { type, idempotencyKey, accountId, details: read };
}
