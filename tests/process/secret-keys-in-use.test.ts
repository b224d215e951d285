import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSecretKey } from '../../src/ledger/sealed-secret.ts';
import { secretKeysInUse } from '../../src/process/secret-keys-in-use.ts';

const none = { current: null, before: [] };
let dataDir: string;

beforeEach(() => {
  dataDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'secret-keys-')), 'data');
});

afterEach(() => rmSync(path.dirname(dataDir), { recursive: true, force: true }));

test('on the embedded database a key is made once and kept where only its owner can read it', () => {
  const config = { databaseUrl: undefined, dataDir, secretKeys: none };
  const made = secretKeysInUse(config);
  const { name, key } = made.current!;
  expect([Buffer.from(key, 'base64').length, made.before]).toEqual([32, []]);
  expect(secretKeysInUse(config)).toEqual(made);
  expect(statSync(path.join(dataDir, 'secrets-key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(path.join(dataDir, 'secrets-key'), 'utf8')).toBe(`${name}:${key}`);
  expect(readdirSync(dataDir)).toEqual(['secrets-key']);

  const current = createSecretKey();
  const before = [createSecretKey()];
  const chosen = secretKeysInUse({ ...config, secretKeys: { current, before } });
  expect(chosen).toEqual({ current, before: [...before, made.current] });
});

test('with a key of the settings none is made', () => {
  const secretKeys = { current: createSecretKey(), before: [] };
  expect(secretKeysInUse({ databaseUrl: undefined, dataDir, secretKeys })).toEqual(secretKeys);
  expect(() => readdirSync(dataDir)).toThrow('ENOENT');
});

test('on another database there are those of the settings alone', () => {
  expect(secretKeysInUse({ databaseUrl: 'postgres://db/ledger', dataDir, secretKeys: none })).toEqual(none);
  expect(() => readdirSync(dataDir)).toThrow('ENOENT');
});

test('a file that holds no key is named, and not what it holds', () => {
  const config = { databaseUrl: undefined, dataDir, secretKeys: none };
  secretKeysInUse(config);
  writeFileSync(path.join(dataDir, 'secrets-key'), 'name:nonsense');
  expect(() => secretKeysInUse(config)).toThrow(/secrets-key does not hold a key/);
  expect(() => secretKeysInUse(config)).not.toThrow('nonsense');
});
