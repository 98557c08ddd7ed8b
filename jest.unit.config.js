// The unit tests without a full build: `npm run test:unit -- keep` takes seconds. src/ is transpiled, not type-checked, into
// build/unit first. CI runs the same tests on dist/, which is what ships (jest.config.js).
const { projects } = require('./jest.config.js');

const unit = projects.find(({ displayName }) => displayName === 'unit');

/** @type {import('jest').Config} */
module.exports = {
  ...unit,
  displayName: 'unit on src',
  globalSetup: '<rootDir>/tests/support/transpile-src.js',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/src/', '<rootDir>/build/unit/package.json'],
  moduleNameMapper: {
    '^sqlite-autobackup$': '<rootDir>/build/unit/dist/index.js',
    '^sqlite-autobackup/(nestjs|dashboard|testing)$': '<rootDir>/build/unit/dist/$1/index.js',
    '^sqlite-autobackup/(s3|rqlite|otel|prometheus)$': '<rootDir>/build/unit/dist/$1.js',
    '^#dist/(.*)$': '<rootDir>/build/unit/dist/$1',
  },
  testTimeout: 600_000,
};
