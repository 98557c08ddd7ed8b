import { describeDriver } from '../support/driver-scenario';

// On each Node that tests/runtimes/run.js has, apps write with what that Node has. node:sqlite needs no flag since 22.13.
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13);

(hasNodeSqlite ? describe : describe.skip)('node:sqlite', () => describeDriver('node-sqlite'));
describe('better-sqlite3', () => describeDriver('better-sqlite3'));
