import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * A folder of its own for each test, removed afterwards. Call it in a test file's top level or in a describe. `list()` leaves
 * out the record of activity, which is beside every backup.
 */
export function useTempFolder(): { readonly path: string; file(...names: string[]): string; list(): string[] } {
  let folder = '';
  beforeEach(() => {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-')));
  });
  afterEach(() => {
    // A service may still write in it, in the background: a line of the record of activity, a copy's manifest.
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  });
  return {
    get path() {
      return folder;
    },
    file: (...names) => path.join(folder, ...names),
    list: () =>
      fs
        .readdirSync(folder)
        .filter((name) => !/^\..*\.activity\.jsonl$/.test(name))
        .sort(),
  };
}
