import type { Account, Client, CreatedWebhookEndpoint, Entry, PaymentOrder, Transaction } from 'joint-ledger/client';

const currency = 'EUR';

export interface Wallet {
  readonly account: Account;
  /** By their names, the ids of those who share it. */
  readonly flatmates: Readonly<Record<string, string>>;
}

/** Opens the wallet of these people, or finds it again: the flat's name is its external id. */
export async function openWallet(ledger: Client, flat: string, names: readonly string[]): Promise<Wallet> {
  const parties = await Promise.all(
    names.map((name) => ledger.getOrCreateParty({ externalId: `${flat}/${name}`, name })),
  );
  const account = await ledger.getOrOpenAccount({
    externalId: flat,
    ...{ name: `Flat ${flat}`, currency, timeZone: 'Europe/Madrid' },
    holders: parties.map(({ id }) => ({ partyId: id })),
    mandate: { bands: [{ rule: 'any', upTo: '100.00' }, { rule: 'all' }] },
  });
  return { account, flatmates: Object.fromEntries(parties.map(({ name, id }) => [name, id])) };
}

/** A share comes in by bank transfer. The bank's reference is the key: a notice that comes twice is booked once. */
export function receiveShare(ledger: Client, { account }: Wallet, from: string, amount: string, reference: string) {
  const share = { accountId: account.id, amount, currency, reference, description: `Share of ${from}` } as const;
  return ledger.createDeposit(share, { idempotencyKey: reference });
}

/** Pays something to another account: at once, or when the others have signed. */
export function pay(
  ledger: Client,
  { account, flatmates }: Wallet,
  { by, to, amount, description }: { by: string; to: string; amount: string; description: string },
): Promise<Transaction | PaymentOrder> {
  const initiatedBy = flatmates[by]!;
  return ledger.createTransfer({
    ...{ fromAccountId: account.id, toAccountId: to, amount, currency, description, initiatedBy },
  });
}

/** One who must sign agrees to exactly the order that was read. */
export function agree(ledger: Client, { flatmates }: Wallet, { id, instructionHash }: PaymentOrder, by: string) {
  return ledger.signPaymentOrder({ orderId: id, by: flatmates[by]!, decision: 'approve', instructionHash });
}

/** The rent of each month, from the first of them on, signed by all. */
export async function payRentMonthly(
  ledger: Client,
  { account, flatmates }: Wallet,
  { to, amount, startsAt }: { to: string; amount: string; startsAt: string },
): Promise<string> {
  const [first, ...others] = Object.values(flatmates);
  const order = await ledger.createStandingOrder({
    ...{ fromAccountId: account.id, toAccountId: to, amount, currency, description: 'Rent', initiatedBy: first },
    schedule: { startsAt, timeZone: account.timeZone, recurrence: 'FREQ=MONTHLY' },
  });
  const { id: orderId, instructionHash } = order;
  for (const by of others) await ledger.signStandingOrder({ orderId, by, decision: 'approve', instructionHash });
  return orderId;
}

/** Has all that happens to the account sent to this address. */
export function subscribe(ledger: Client, { account }: Wallet, url: string): Promise<CreatedWebhookEndpoint> {
  return ledger.createWebhookEndpoint({ url, accountIds: [account.id], ordered: true });
}

/** What was booked since an instant and before another, the earliest first. */
export async function listBetween(ledger: Client, { account }: Wallet, from: Date, to: Date): Promise<Entry[]> {
  const entries: Entry[] = [];
  const asked = { accountId: account.id, from: from.toISOString(), to: to.toISOString(), order: 'asc' } as const;
  for await (const entry of ledger.each('listEntries', asked)) entries.push(entry);
  return entries;
}
