import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url)).replaceAll(/\W/g, '\\$&');

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/tests/support/shared-build-environment.mjs',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    [`^${project}(src|migrations|seeds|node_modules/zod)\\b`]: '<rootDir>/tests/support/load-build-once.mjs',
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  transformIgnorePatterns: [],
  globalSetup: '<rootDir>/tests/support/global-setup.mjs',
  reporters: ['default', '<rootDir>/tests/support/statements/statement-reporter.mjs'],
  globalTeardown: '<rootDir>/tests/support/global-teardown.mjs',
  // Many tests wait: for locks, for processes that start, for a server to notice something.
  maxWorkers: 2 * availableParallelism(),
  // That a machine is slow is no failure.
  testTimeout: 300_000,
};
