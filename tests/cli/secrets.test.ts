import fs from 'node:fs';
import path from 'node:path';
import { repeatsAll } from '../support/repeats-all';
import { ROOT, useCli, useShop } from './support';

const cli = useCli();
const shop = useShop();
const CONFIG = path.join(ROOT, 'tests', 'support', 'secretive-services.js');
const { MARK } = require(CONFIG) as { MARK: string };
const SECRET = new RegExp(MARK, 'i');

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  shop: [
    ...['create', 'doctor', 'status', 'doctor --json', 'status --json', 'check --json', 'check --nagios'],
    ...['ship --json', 'notify test --json', 'list --from nas', 'list --from cloud --json', 'list --json'],
  ],
  cluster: ['create --json', 'doctor', 'status --json'],
};

test.each(Object.keys(COMMANDS))(
  'no command prints a secret of its configuration, or one that others repeat (%s)',
  async (service) => {
    const server = await repeatsAll();
    try {
      const env = { SECRETIVE_FOLDER: shop.path, SECRETIVE_PORT: String(server.port) };
      const common = ['--config', CONFIG, '--service', service];
      const [first, ...others] = COMMANDS[service]!;
      const expectNone = async (command: string) => {
        const { code, stdout, stderr } = await cli.run([...command.split(' '), ...common], { env });
        expect(stdout + stderr).not.toBe('');
        // Nor is it a mistake of this test.
        expect({ command, isUsage: code === 2 }).toEqual({ command, isUsage: false });
        expect({ command, said: stdout + stderr }).toEqual({ command, said: expect.not.stringMatching(SECRET) });
      };
      await expectNone(first!);
      // Most of them wait for others to answer: side by side.
      while (others.length > 0) await Promise.all(others.splice(0, 4).map(expectNone));
      // They were sent where they belong.
      expect(server.heard.join('\n')).toMatch(SECRET);
    } finally {
      await server.close();
    }
    // What is kept on the disk says nothing either.
    for (const name of fs.readdirSync(shop.path).filter((each) => /\.(json|jsonl)$/.test(each))) {
      expect({ name, said: fs.readFileSync(shop.file(name), 'utf8') }).toEqual({
        name,
        said: expect.not.stringMatching(SECRET),
      });
    }
  },
);

test.each([
  [['status', `--s3-secret=${MARK}`], "option '--s3-secret=…'"],
  [['list', '--from', `s3://backups/till?token=${MARK}`], 'token=…'],
  [['list', '--from', `https://key:${MARK}@s3.example.com/backups`], '…@s3.example.com'],
])('what is put on the command line by mistake is not repeated: %j', async (args, shown) => {
  const { stderr } = await cli.run(args, { cwd: shop.path });
  expect(stderr).toContain(shown);
  expect(stderr).not.toMatch(SECRET);
});
