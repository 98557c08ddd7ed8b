import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** One line of the table that tests/drivers/table-reporter.js prints when all have run. */
export interface DriverRun {
  driver: string;
  mode: string;
  version?: string;
  sqlite?: string;
  node?: string;
  backups?: number;
  commits?: number;
  result?: 'ok';
}

const FOLDER = path.join(__dirname, '..', '..', 'build', 'driver-runs');

/** Notes what is known of a run so far: one that fails in the middle has a line too. */
export function recordDriverRun(first: DriverRun): { update(more: Partial<DriverRun>): void } {
  fs.mkdirSync(FOLDER, { recursive: true });
  const file = path.join(FOLDER, `${Date.now()}-${crypto.randomUUID()}.json`);
  let run = first;
  const write = () => fs.writeFileSync(file, JSON.stringify(run));
  write();
  return {
    update(more) {
      run = { ...run, ...more };
      write();
    },
  };
}
