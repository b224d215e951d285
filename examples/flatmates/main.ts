import { createClient, LedgerError } from 'joint-ledger/client';
import { drawBalance } from './draw-balance.ts';
import { receiveWebhooks } from './receive-webhooks.ts';
import { agree, listBetween, openWallet, pay, payRentMonthly, receiveShare, subscribe } from './wallet.ts';

// One evening of Ann and Bob.

/** The beginning of the month of an instant, or of one that many months later. */
const monthOf = (at: Date, later: number) => new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later));

const { LEDGER_URL: baseUrl = 'http://127.0.0.1:3000', KEY: apiKey = '' } = process.env;
const ledger = createClient({ baseUrl, apiKey });
const begin = new Date();
// Another flat each time the app is started.
const flat = `flat-${crypto.randomUUID().slice(0, 8)}`;
const wallet = await openWallet(ledger, flat, ['Ann', 'Bob']);
const landlord = await ledger.openAccount({ name: 'Landlord', currency: 'EUR' });

const secrets: string[] = [];
const webhooks = await receiveWebhooks(() => secrets);
const endpoint = await subscribe(ledger, wallet, webhooks.url);
secrets.push(endpoint.secret);

for (const name of ['Ann', 'Bob']) {
  await receiveShare(ledger, wallet, name, '900.00', `bank-${flat}-${name}`);
  // The bank sends its notice once more.
  await receiveShare(ledger, wallet, name, '900.00', `bank-${flat}-${name}`);
}

const bulbs = await pay(ledger, wallet, { by: 'Ann', to: landlord.id, amount: '12.50', description: 'Light bulbs' });
console.log(`Light bulbs: ${bulbs.status}`);

const deposit = { by: 'Ann', to: landlord.id, amount: '600.00', description: 'Deposit of the flat' };
const order = await pay(ledger, wallet, deposit);
if (order.kind !== 'payment_order') throw new Error('both should have to sign');
console.log(`Deposit: ${order.status}, ${order.multiAuthorisation.missingFrom.length} signature is missing`);
const signed = await agree(ledger, wallet, order, 'Bob');
console.log(`Deposit: ${signed.status}`);

const startsAt = new Date(Date.now() + 2_000).toLocaleString('sv-SE', { timeZone: wallet.account.timeZone });
const rent = { to: landlord.id, amount: '700.00', startsAt: startsAt.replace(' ', 'T') };
const rentId = await payRentMonthly(ledger, wallet, rent);
await webhooks.until(({ type, subject }) => type === 'standing_order.run_booked' && subject === rentId);
console.log('Rent: paid, as a signed webhook says');
await ledger.cancelStandingOrder({ orderId: rentId });

try {
  await pay(ledger, wallet, { by: 'Bob', to: landlord.id, amount: '990.00', description: 'Sofa' });
} catch (error) {
  if (!LedgerError.is(error, 'insufficient_funds')) throw error;
  console.log(`Sofa: too expensive, there is only ${error.problem.available}`);
}

const entries = await listBetween(ledger, wallet, monthOf(begin, 0), monthOf(new Date(), 1));
console.log(`\nThis month:\n${drawBalance(entries)}`);
await ledger.deleteWebhookEndpoint({ endpointId: endpoint.id });
await webhooks.close();
