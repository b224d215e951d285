import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readDemoApiKey } from '../../src/process/demo-api-key.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = path.join(mkdtempSync(path.join(os.tmpdir(), 'demo-key-')), 'data');
});

afterEach(() => rmSync(path.dirname(dataDir), { recursive: true, force: true }));

test('makes a key up once and keeps it where only its owner can read it', () => {
  const key = readDemoApiKey({ demoApiKey: undefined, dataDir });
  expect(key).toMatch(/^jl_[\w-]{43}$/);
  expect(readDemoApiKey({ demoApiKey: undefined, dataDir })).toBe(key);
  expect(statSync(path.join(dataDir, 'demo-api-key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['demo-api-key']);
});

test('replaces a file that a crash left empty', () => {
  const first = readDemoApiKey({ demoApiKey: undefined, dataDir });
  writeFileSync(path.join(dataDir, 'demo-api-key'), '');
  const second = readDemoApiKey({ demoApiKey: undefined, dataDir });
  expect(second).toMatch(/^jl_[\w-]{43}$/);
  expect(second).not.toBe(first);
  expect(readFileSync(path.join(dataDir, 'demo-api-key'), 'utf8')).toBe(second);
});

test('takes the key of the settings first and keeps nothing of it', () => {
  expect(readDemoApiKey({ demoApiKey: 'chosen-key', dataDir })).toBe('chosen-key');
  expect(() => readdirSync(dataDir)).toThrow('ENOENT');
});
