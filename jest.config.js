/** @type {import('jest').Config} */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tests/tsconfig.json', transpilation: true }] },
  // Tests import the package by its own name: what ships is what is tested. `npm run build` comes first.
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/src/'],
};

/** A part of the suite: `npx jest --selectProjects faults`. */
const part = (name) => ({ ...shared, displayName: name, testMatch: [`<rootDir>/tests/${name}/**/*.test.ts`] });

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    ...[
      'unit',
      'integration',
      'dashboard',
      'browser',
      'faults',
      'cli',
      'package',
      'drivers',
      'runtimes',
      'frameworks',
      'engines',
    ].map(part),
    {
      ...part('offsite'),
      globalSetup: '<rootDir>/tests/offsite/support/set-up.ts',
      globalTeardown: '<rootDir>/tests/offsite/support/tear-down.ts',
    },
  ],
  // Real databases and processes on a machine that may be busy: this only bounds what hangs.
  testTimeout: 600_000,
  maxWorkers: 2,
};
