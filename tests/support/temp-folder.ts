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
  afterEach(() => removeFolder(folder));
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

/**
 * Removes a folder in which a service may still write in the background: a line of the record of activity, a copy's manifest.
 * Node's own retries only call rmdir again, and a file that has come meanwhile stays: https://nodejs.org/api/fs.html#fsrmsyncpath-options
 */
export async function removeFolder(folder: string): Promise<void> {
  for (;;) {
    try {
      fs.rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
      // Lets the writer come to its end.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
