import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readDemoApiKey } from '../../src/process/demo-api-key.ts';

const ledgerId = '01936f00-0000-7000-8000-000000000001';
let dataDir: string;

beforeEach(() => {
  dataDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'demo-key-')), 'data');
});

afterEach(() => rmSync(path.dirname(dataDir), { recursive: true, force: true }));

test('makes a key up once and keeps it where only its owner can read it', () => {
  const key = readDemoApiKey({ demoApiKey: undefined, dataDir }, ledgerId);
  expect(key).toMatch(/^jl_01936f00000070008000000000000001_[\w-]{43}$/);
  expect(readDemoApiKey({ demoApiKey: undefined, dataDir }, ledgerId)).toBe(key);
  expect(statSync(path.join(dataDir, 'demo-api-key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['demo-api-key']);
});

test('replaces a file that a crash left empty', () => {
  const first = readDemoApiKey({ demoApiKey: undefined, dataDir }, ledgerId);
  writeFileSync(path.join(dataDir, 'demo-api-key'), '');
  const second = readDemoApiKey({ demoApiKey: undefined, dataDir }, ledgerId);
  expect(second).toMatch(/^jl_01936f00000070008000000000000001_[\w-]{43}$/);
  expect(second).not.toBe(first);
  expect(readFileSync(path.join(dataDir, 'demo-api-key'), 'utf8')).toBe(second);
});

test('takes the key of the settings first and keeps nothing of it', () => {
  expect(readDemoApiKey({ demoApiKey: 'chosen-key', dataDir }, ledgerId)).toBe('chosen-key');
  expect(() => readdirSync(dataDir)).toThrow('ENOENT');
});
