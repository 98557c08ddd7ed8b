export { describeBackupStore } from './backup-store-suite.js';
export type { OpenedStore, StoreSuiteOptions } from './backup-store-suite.js';
export type { TestRunner } from './runner.js';
