import Database from 'better-sqlite3';
import path from 'node:path';
import { useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();

const ODD = 'x\nFORGED 1\u001b[2J\u202e\u2028FORGED 2\u0007';

test('no name of a database or a store, no label and no error of a store adds a line or hides one, in any command', async () => {
  const database = 'a\nFORGED\u202e\u001b[2J.db';
  const db = new Database(shop.file(database));
  db.exec(`CREATE TABLE "${ODD}" (a); INSERT INTO "${ODD}" VALUES (1)`);
  db.close();
  const store = path.join(shop.path, 'gone\nFORGED');
  const library = JSON.stringify(path.join(__dirname, '..', '..', 'dist', 'index.js'));
  shop.write(
    'c.cjs',
    `const { directoryStore } = require(${library});
     module.exports = { database: ${JSON.stringify(database)}, copies: [directoryStore(${JSON.stringify(store)}, { host: 'h' })] };`,
  );
  const commands = [['create', '--label', ODD], ['list'], ['log'], ['status'], ['verify', '--all'], ['check'], ['check', '--nagios'], ['doctor'], ['restore', 'latest'], ['ship'], ['protect', 'latest'], ['delete', `none${ODD}`]]; // prettier-ignore
  for (const command of commands) {
    const { stdout, stderr } = await cli.run([...command, '--config', 'c.cjs'], { cwd: shop.path });
    const lines = `${stdout}${stderr}`.split('\n');
    // What is not ours begins behind something that is.
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect({ command, bad: lines.filter((line) => /^FORGED|[\u001b\u202e\u2028\u0007]/.test(line)) }).toEqual({
      command,
      bad: [],
    });
  }
});
