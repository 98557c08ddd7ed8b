// The tests on a transpiled copy of src/ in which one line is wrong: see run.mjs.
const unit = require('../../jest.unit.config.js');

const dist = process.env.AUTOBACKUP_DIST;

/** @type {import('jest').Config} */
module.exports = {
  ...unit,
  displayName: 'mutants',
  globalSetup: undefined,
  // A mutant may make a test wait for ever.
  testTimeout: 60_000,
  testMatch: ['unit', 'integration', 'cli', 'faults'].map((part) => `<rootDir>/tests/${part}/**/*.test.ts`),
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/src/', '<rootDir>/build/.*/package.json'],
  moduleNameMapper: Object.fromEntries(
    Object.entries(unit.moduleNameMapper).map(([name, file]) => [
      name,
      file.replace('<rootDir>/build/unit/dist', dist),
    ]),
  ),
};
