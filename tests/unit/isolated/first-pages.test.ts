import Database from 'better-sqlite3';
import { ensureFileBegins } from '#dist/isolated/shared/first-pages.js';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();

test.each([512, 1024, 4096])(
  'a whole table is never told as damaged, however long its name and its statement (pages of %d)',
  (pageSize) => {
    for (const length of [1, 20, 60, 200]) {
      for (let more = 0; more < 1_200; more += 23) {
        const file = temp.file(`${length}-${more}.db`);
        const db = new Database(file);
        db.pragma('synchronous = OFF');
        db.pragma(`page_size = ${pageSize}`);
        db.exec(`CREATE TABLE "${'n'.repeat(length)}" (id INTEGER PRIMARY KEY /* ${'c'.repeat(more)} */)`);
        db.close();
        expect(() => ensureFileBegins(file)).not.toThrow();
      }
    }
  },
);
