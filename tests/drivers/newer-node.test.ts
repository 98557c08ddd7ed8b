import path from 'node:path';
import { describeDriver } from '../support/driver-scenario';
import type { AppPlace } from '../support/driver-scenario';

const { makeWorkspace, nodeProgram, NEWER_MODULES } = require('../runtimes/workspace.js') as {
  makeWorkspace(name: string, modules: string): string;
  nodeProgram(major: number): string;
  NEWER_MODULES: string;
};

// What does not run on the oldest Node that the package supports. The app runs on Node 24, with better-sqlite3 13 in the app
// and in the package's child process.
let place: AppPlace;
beforeAll(() => {
  const folder = makeWorkspace('drivers', NEWER_MODULES);
  place = { node: nodeProgram(24), script: path.join(folder, 'tests', 'faults', 'fixtures', 'busy-app.js') };
});

for (const adapter of ['node-sqlite', 'better-sqlite3', 'kysely', 'mikro-orm']) {
  describe('on Node 24, with better-sqlite3 13', () => describeDriver(adapter, () => place));
}
