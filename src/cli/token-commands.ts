import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { JSONWebKeySet, JWK } from 'jose';
import { noteCommand } from '../audit/note-command.ts';
import type { Database } from '../database/create-database.ts';
import { OperatorError } from '../errors/operator-error.ts';
import {
  audienceOf,
  listTokenIssuers,
  putTokenIssuer,
  type TokenAlgorithm,
  type TokenIssuer,
  tokenAlgorithms,
} from '../ledger/token-issuers.ts';
import { hintChannel, keysEndedNotice } from '../workers/wake-up.ts';
import { scopesOf, scopesOption } from './key-terms.ts';
import { type DatabaseCommand, readUuid } from './ledger-command.ts';

const ledger = { '<ledger-id>': { meaning: 'the ledger', read: readUuid } };
const exampleLedger = '01936f00-0000-7000-8000-000000000001';
const exampleIssuer = 'https://login.example.com/';
const defaultLeeway = '30';

/** Has a ledger take an issuer's tokens. */
export const putIssuer: DatabaseCommand = {
  name: 'token-issuer put',
  summary: 'Has a ledger take the tokens that an issuer makes for its parties, or changes how they are checked.',
  remarks: 'Tokens are JWTs with "iss", "exp", "sub" (an external id) and the audience joint-ledger:<ledger-id>.',
  parameters: { ...ledger, '<issuer>': { meaning: 'as the claim "iss" of its tokens has it', read: readIssuer } },
  options: {
    '--jwks-url <address>': { meaning: 'where it publishes its keys, by https', read: readJwksUrl },
    '--keys <file>': { meaning: 'its public keys instead: a JSON Web Key Set, or one key in PEM' },
    '--algorithms <list>': {
      meaning: `what its tokens may be signed with, of ${tokenAlgorithms.join(', ')}; all when left out`,
      read: readAlgorithms,
    },
    '--leeway <seconds>': {
      meaning: 'by how much clocks may differ, 0 to 300',
      read: readLeeway,
      otherwise: defaultLeeway,
    },
    '--scopes <list>': { ...scopesOption, meaning: scopesOption.meaning.replace('the key is', 'its tokens are') },
  },
  example: `${exampleLedger} ${exampleIssuer} --jwks-url ${exampleIssuer}jwks.json`,
  async run(database, [ledgerId, issuer], { options }) {
    const { jwksUrl, keys: file, algorithms, leeway, scopes } = options;
    if ((jwksUrl === undefined) === (file === undefined))
      throw new OperatorError('Say where its keys are: --jwks-url or --keys, one of them.');
    const known = await database('ledgers').where({ id: ledgerId }).first('id');
    if (known === undefined) throw new OperatorError(`There is no ledger ${ledgerId}.`);
    const asked: TokenIssuer = {
      issuer: issuer!,
      keys: file === undefined ? { jwksUrl: jwksUrl! } : { jwks: await readKeys(file) },
      algorithms: algorithms === undefined ? tokenAlgorithms : (algorithms.split(',') as TokenAlgorithm[]),
      leewaySeconds: Number.parseInt(leeway ?? defaultLeeway, 10),
      scopes: scopesOf(scopes),
    };
    await database.transaction(async (knex) => {
      await putTokenIssuer(knex, ledgerId!, asked);
      await noteCommand({ knex, ledgerId: ledgerId! }, { action: 'token-issuer put' });
    });
    await forgetTokens(database);
    const text = `Ledger ${ledgerId} takes tokens of ${issuer} with the audience ${audienceOf(ledgerId!)}.`;
    return { text, json: { ledgerId, audience: audienceOf(ledgerId!), ...asked } };
  },
};

/** Lists whose tokens a ledger takes. */
export const listIssuers: DatabaseCommand = {
  name: 'token-issuer list',
  summary: 'Lists whose tokens a ledger takes, and how they are checked.',
  parameters: ledger,
  example: exampleLedger,
  async run(database, [ledgerId]) {
    const issuers = await listTokenIssuers({ knex: database, ledgerId: ledgerId! });
    const lines = issuers.map(({ issuer, keys, algorithms, leewaySeconds, scopes }) => {
      const from = 'jwksUrl' in keys ? keys.jwksUrl : `${keys.jwks.keys.length} keys of its own`;
      const checked = `${algorithms.join(' ')}, ${leewaySeconds} s of leeway`;
      return `${issuer}, keys from ${from}, ${checked}; for ${scopes.join(' ')}`;
    });
    return { text: lines.length === 0 ? 'It takes no tokens.' : lines.join('\n'), json: issuers };
  },
};

/** Ends that a ledger takes an issuer's tokens. */
export const removeIssuer: DatabaseCommand = {
  name: 'token-issuer remove',
  summary: "Ends that a ledger takes an issuer's tokens, at once.",
  parameters: { ...ledger, '<issuer>': { meaning: 'as it was put' } },
  example: `${exampleLedger} ${exampleIssuer}`,
  async run(database, [ledgerId, issuer]) {
    await database.transaction(async (knex) => {
      const removed = await knex('token_issuers').where({ ledger_id: ledgerId, issuer }).delete();
      if (removed === 0) throw new OperatorError(`Ledger ${ledgerId} takes no tokens of ${issuer}.`);
      await noteCommand({ knex, ledgerId: ledgerId! }, { action: 'token-issuer remove' });
    });
    await forgetTokens(database);
    return { text: `Ledger ${ledgerId} takes no more tokens of ${issuer}.`, json: { ledgerId, issuer } };
  },
};

/** Where no notification arrives, processes look for themselves within seconds. */
async function forgetTokens(database: Database): Promise<void> {
  await database.raw('select pg_notify(?, ?)', [hintChannel, keysEndedNotice]).catch(() => {});
}

function readIssuer(text: string): string {
  if (text.trim() === '' || text.length > 500) throw new InvalidArgumentError('It must have 1 to 500 characters.');
  return text;
}

function readJwksUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHere = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url?.protocol !== 'https:' && !isHere) throw new InvalidArgumentError('It must be an address by https.');
  return text;
}

function readAlgorithms(text: string): string {
  const unknown = text.split(',').find((name) => !(tokenAlgorithms as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`${JSON.stringify(unknown)} is not one of ${tokenAlgorithms.join(', ')}.`);
  return text;
}

function readLeeway(text: string): string {
  if (!/^\d{1,3}$/.test(text) || Number.parseInt(text, 10) > 300)
    throw new InvalidArgumentError('It must be a whole number of seconds from 0 to 300.');
  return text;
}

/** Public keys alone: who has a secret one here could sign for everybody. */
async function readKeys(file: string): Promise<JSONWebKeySet> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new OperatorError(`${file} can't be read: ${(error as Error).message}`);
  });
  const keys = text.includes('-----BEGIN') ? [readPem(text, file)] : readSet(text, file);
  const bad = keys.length === 0 || keys.some((key) => key.kty === 'oct' || 'd' in key || typeof key.kty !== 'string');
  if (bad) throw new OperatorError(`${file} must have public keys and no others.`);
  return { keys };
}

function readPem(text: string, file: string): JWK {
  if (/PRIVATE KEY/.test(text)) throw new OperatorError(`${file} has a private key: give the public one.`);
  try {
    return createPublicKey(text).export({ format: 'jwk' }) as JWK;
  } catch {
    throw new OperatorError(`${file} has no public key in PEM.`);
  }
}

function readSet(text: string, file: string): JWK[] {
  try {
    const { keys } = JSON.parse(text);
    if (Array.isArray(keys)) return keys;
  } catch {
    // What is no JSON has no keys.
  }
  throw new OperatorError(`${file} is no JSON Web Key Set: {"keys": [...]}, and no key in PEM.`);
}
