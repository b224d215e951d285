import { expect, test } from '@jest/globals';
import {
  createSecretKey,
  keyNameOf,
  openSecret,
  parseSecretKey,
  type SecretKeys,
  SecretUnreadableError,
  sealSecret,
} from '../../src/ledger/sealed-secret.ts';

const place = { ledgerId: '01936f00-0000-7000-8000-000000000001', endpointId: '01936f00-0000-7000-8000-0000000000a1' };
const secret = 'whsec_c2VjcmV0';
const [first, second] = [createSecretKey(), createSecretKey()];
const keys: SecretKeys = { current: first, before: [] };

test('is stored with the name of its key, each time in another way, and comes back', () => {
  const stored = Array.from({ length: 100 }, () => sealSecret(keys, secret, place));
  expect(new Set(stored).size).toBe(100);
  for (const text of stored) {
    expect(text).toMatch(new RegExp(`^v1:${first.name}:[A-Za-z0-9+/]+=*$`));
    expect(Buffer.from(text.split(':')[2]!, 'base64')).toHaveLength(12 + secret.length + 16);
    expect([keyNameOf(text), openSecret(keys, text, place)]).toEqual([first.name, secret]);
  }
});

test('is decrypted with a key of before, and encrypted with the current one', () => {
  const rotated: SecretKeys = { current: second, before: [first] };
  expect(openSecret(rotated, sealSecret(keys, secret, place), place)).toBe(secret);
  expect(keyNameOf(sealSecret(rotated, secret, place))).toBe(second.name);
});

test('is in clear without a key, and one in clear is read with any', () => {
  const none: SecretKeys = { current: null, before: [] };
  expect(sealSecret(none, secret, place)).toBe(secret);
  expect([openSecret(none, secret, place), openSecret(keys, secret, place), keyNameOf(secret)]).toEqual([
    secret,
    secret,
    undefined,
  ]);
});

test.each([
  ['another key', { current: second, before: [] }, place, 'which is not known here'],
  ['no key', { current: null, before: [] }, place, 'which is not known here'],
  ['another key of its name', { current: { ...second, name: first.name }, before: [] }, place, "can't be decrypted"],
  ['another endpoint', keys, { ...place, endpointId: place.ledgerId }, "can't be decrypted"],
  ['another ledger', keys, { ...place, ledgerId: place.endpointId }, "can't be decrypted"],
])('can not be read with %s', (_what, others, at, problem) => {
  const stored = sealSecret(keys, secret, place);
  const open = () => openSecret(others, stored, at);
  expect(open).toThrow(SecretUnreadableError);
  expect(open).toThrow(problem);
  expect(open).not.toThrow(secret);
});

test('can not be read once any part of it was altered or is missing', () => {
  const [version, name, text] = sealSecret(keys, secret, place).split(':') as [string, string, string];
  const bytes = Buffer.from(text, 'base64');
  for (let index = 0; index < bytes.length; index += 1) {
    const altered = Buffer.from(bytes);
    altered[index]! ^= 1;
    for (const part of [altered, bytes.subarray(0, index)]) {
      const stored = `${version}:${name}:${part.toString('base64')}`;
      expect(() => openSecret(keys, stored, place)).toThrow(SecretUnreadableError);
    }
  }
});

test('keys are a name and 32 bytes in base64', () => {
  expect(parseSecretKey(` ${first.name}:${first.key}\n`)).toEqual(first);
  const bytes = (count: number) => Buffer.alloc(count, 1).toString('base64');
  for (const text of [
    '',
    bytes(32),
    `:${bytes(32)}`,
    `a b:${bytes(32)}`,
    `a:${bytes(31)}`,
    `a:${bytes(33)}`,
    'a:b:c',
  ]) {
    expect(parseSecretKey(text)).toBeUndefined();
  }
});
