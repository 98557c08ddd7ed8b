import { LOAD, safeLogger, winstonLogger } from '#dist/util/logger.js';
import { memoryLogger } from '../../support/memory-logger';
import { DIST, runNode, runNodeText } from '../../support/run-node';

const source = `
  const loaded = (name) => Object.keys(require.cache).some((file) => file.includes('node_modules/' + name + '/'));
  const seen = {};
  const { BackupService, keep, AutoBackup } = require(process.argv[1]);
  seen.required = loaded('winston');
  const service = new BackupService({ database: '/nowhere.db', directory: require('node:os').tmpdir() });
  AutoBackup({ service });
  service.checkDue();
  service.getLatestBackup();
  seen.checked = loaded('winston');
  service.createBackup().catch(() => {
    seen.logged = loaded('winston');
    console.log(JSON.stringify(seen));
  });
`;

test('winston is not loaded before the first line is to be logged', () => {
  expect(runNode(source, { args: [DIST] })).toEqual({ required: false, checked: false, logged: true });
});

test('the default logger prints local time, level, package and message; errors go to standard error', () => {
  const watched = `
    const said = [];
    process.stderr.write = (text) => said.push(text) > 0;
    process.on('exit', () => process.stdout.write(JSON.stringify(said) + '\\n'));
    ${source}`;
  const output = runNodeText(watched, { args: [DIST] })
    .trim()
    .split('\n');
  expect(output).toHaveLength(2);
  expect(JSON.parse(output[1]!)).toEqual([
    expect.stringMatching(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d error \[sqlite-autobackup\] Backup FAILED \[ERR_BACKUP_SOURCE_MISSING\]: /,
    ),
  ]);
});

test('the default logger can be told to load while there is nothing else to do', () => {
  const early = `
    const { LOAD, winstonLogger } = require(process.argv[1] + '/util/logger.js');
    const loaded = () => Object.keys(require.cache).some((file) => file.includes('node_modules/winston/'));
    const logger = winstonLogger();
    const before = loaded();
    logger[LOAD]();
    console.log(JSON.stringify([before, loaded()]));
  `;
  expect(runNode(early, { args: [DIST] })).toEqual([false, true]);
  expect(typeof winstonLogger()[LOAD]).toBe('function');
});

describe('a safe logger', () => {
  test('passes every line on, with the logger as `this`', () => {
    const logger = memoryLogger();
    const safe = safeLogger({ ...logger, info: (message: string) => logger.info(message) });
    safe.info('a');
    safe.warn('b');
    safe.error('c');
    safe[LOAD]();
    expect(logger.lines).toEqual(['info a', 'warn b', 'error c']);

    class Counting {
      count = 0;
      info() {
        this.count += 1;
      }
      warn() {
        this.count += 1;
      }
      error() {
        this.count += 1;
      }
    }
    const counting = new Counting();
    const safeCounting = safeLogger(counting);
    safeCounting.info('a');
    safeCounting.warn('b');
    safeCounting.error('c');
    expect(counting.count).toBe(3);
  });

  test('throws nothing that the logger throws', () => {
    const fail = () => {
      throw new Error('the log disk is full');
    };
    const safe = safeLogger({ info: fail, warn: fail, error: fail, [LOAD]: fail });
    for (const act of [safe.info, safe.warn, safe.error, safe[LOAD]]) expect(() => act('line')).not.toThrow();
  });

  test('lets a rejected promise of the logger pass without an unhandled rejection', () => {
    const outcome = runNode(
      `
        const { safeLogger } = require(process.argv[1] + '/util/logger.js');
        const fail = async () => { throw new Error('the log disk is full'); };
        const unhandled = [];
        process.on('unhandledRejection', (error) => unhandled.push(error.message));
        const safe = safeLogger({ info: fail, warn: fail, error: fail });
        safe.info('a'); safe.warn('b'); safe.error('c');
        setTimeout(() => console.log(JSON.stringify(unhandled)), 20);
      `,
      { args: [DIST] },
    );
    expect(outcome).toEqual([]);
  });
});
