import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('.', import.meta.url)).replaceAll(/\W/g, '\\$&');

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/tests/support/shared-build-environment.ts',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    [`^${project}(src|migrations|seeds)\\b`]: '<rootDir>/tests/support/load-build-once.ts',
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  globalSetup: '<rootDir>/tests/support/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
  // As many as there are cores; jest would leave one to itself, which rests while the workers work.
  maxWorkers: '100%',
  // That a machine is slow is no failure.
  testTimeout: 300_000,
};
