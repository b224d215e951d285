import type {
  CallOptions,
  Client,
  Currency,
  DryRunPaymentOrder,
  DryRunTransaction,
  PaymentOrder,
  Transaction,
} from '../client/client.ts';
import { changeOnce } from './call-service.ts';
import { agree, consentOptions, declined } from './consent.ts';
import {
  type CommandResult,
  type NamedParameter,
  type Parameter,
  readName,
  readUuid,
  type ServiceCommand,
} from './ledger-command.ts';

/** What every movement may say. */
interface Notes {
  readonly initiatedBy: string | undefined;
  readonly description: string | undefined;
  readonly reference: string | undefined;
  readonly externalId: string | undefined;
}

/** A movement that is not sent yet. */
interface Movement {
  preview(service: Client): Promise<DryRunTransaction | DryRunPaymentOrder>;
  book(service: Client, options: CallOptions): Promise<Transaction | PaymentOrder>;
}

const noteOptions: Readonly<Record<string, NamedParameter>> = {
  '--initiated-by <party-id>': { meaning: 'whose act it is; that of the service by default', read: readUuid },
  '--description <text>': { meaning: 'what it is for' },
  '--reference <text>': { meaning: 'what the payee knows it by' },
  '--external-id <id>': { meaning: 'your own id for it: nothing else in the ledger may have it' },
};

const money: Readonly<Record<string, Parameter>> = {
  '<amount>': { meaning: 'such as 12.34', read: readName },
  '<currency>': { meaning: 'its ISO 4217 code, that of the account', read: readName },
};

function moveCommand(
  kind: { name: string; summary: string; accounts: Readonly<Record<string, Parameter>>; example: string },
  make: (args: readonly string[], notes: Notes) => Movement,
): ServiceCommand {
  const { name, summary, accounts, example } = kind;
  return {
    ...{ name, summary, example },
    remarks: 'It shows what would happen and asks; without a terminal it does nothing unless --yes is given.',
    parameters: { ...accounts, ...money },
    options: { ...noteOptions, ...consentOptions },
    async ask(service, args, call) {
      const { initiatedBy, description, reference, externalId, key } = call.options;
      const movement = make(args, { initiatedBy, description, reference, externalId });
      const isAgreed = await agree(call, async () => describePreview(await movement.preview(service)));
      if (!isAgreed) return declined;
      return presentOutcome(await changeOnce(key, (options) => movement.book(service, options)));
    },
  };
}

const [household, savings] = ['01936f00-0000-7000-8000-000000000101', '01936f00-0000-7000-8000-000000000103'];

export const moveDeposit = moveCommand(
  {
    name: 'move deposit',
    summary: 'Pays money into an account from outside the ledger.',
    accounts: { '<account-id>': { meaning: 'the account', read: readUuid } },
    example: `${household} 100.00 USD --description "Salary"`,
  },
  ([accountId, amount, currency], notes) => {
    const input = { accountId: accountId!, amount: amount!, currency: currency as Currency, ...notes };
    return {
      preview: (service) => service.createDeposit({ ...input, dryRun: true }),
      book: (service, options) => service.createDeposit(input, options),
    };
  },
);

export const moveWithdraw = moveCommand(
  {
    name: 'move withdraw',
    summary: 'Pays money out of the ledger from an account.',
    accounts: { '<account-id>': { meaning: 'the account', read: readUuid } },
    example: `${household} 40.00 USD`,
  },
  ([accountId, amount, currency], notes) => {
    const input = { accountId: accountId!, amount: amount!, currency: currency as Currency, ...notes };
    return {
      preview: (service) => service.createWithdrawal({ ...input, dryRun: true }),
      book: (service, options) => service.createWithdrawal(input, options),
    };
  },
);

export const moveTransfer = moveCommand(
  {
    name: 'move transfer',
    summary: 'Moves money from one account to another.',
    accounts: {
      '<from-account-id>': { meaning: 'the account that pays', read: readUuid },
      '<to-account-id>': { meaning: 'the account that gets it', read: readUuid },
    },
    example: `${household} ${savings} 25.00 USD`,
  },
  ([fromAccountId, toAccountId, amount, currency], notes) => {
    const accounts = { fromAccountId: fromAccountId!, toAccountId: toAccountId! };
    const input = { ...accounts, amount: amount!, currency: currency as Currency, ...notes };
    return {
      preview: (service) => service.createTransfer({ ...input, dryRun: true }),
      book: (service, options) => service.createTransfer(input, options),
    };
  },
);

function describePreview(preview: DryRunTransaction | DryRunPaymentOrder): string {
  if (preview.kind === 'payment_order') {
    const { numberRequired, missingFrom } = preview.multiAuthorisation;
    const signers = `${numberRequired} signatures, which may come from ${missingFrom.join(', ')}`;
    const reserved = `${preview.amount} ${preview.currency} would be reserved on ${preview.accountId}`;
    return `${reserved} until there are ${signers}.`;
  }
  return `This would be booked:\n${describeEntries(preview)}`;
}

function describeEntries({ entries, currency }: DryRunTransaction | Transaction): string {
  return entries
    .map(({ accountId, amount, balanceAfter }) => {
      const after = balanceAfter === undefined ? '' : `, then ${balanceAfter}`;
      return `  ${accountId} ${amount} ${currency}${after}`;
    })
    .join('\n');
}

function presentOutcome(made: Transaction | PaymentOrder): CommandResult {
  if (made.kind === 'transaction') {
    return { text: `Transaction ${made.id} is booked:\n${describeEntries(made)}`, json: made };
  }
  const { missingFrom } = made.multiAuthorisation;
  const wanted = `until ${made.expiresAt}, from ${missingFrom.join(', ')}`;
  return { text: `Payment order ${made.id} waits for signatures, ${wanted}.`, json: made };
}
