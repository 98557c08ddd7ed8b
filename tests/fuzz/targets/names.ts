import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, isBackupError } from 'sqlite-autobackup';
import { backupName, backupNaming, parseBackupName } from '#dist/catalog/backup-name.js';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { chance, mutateText, ODD_VALUES, pick, upTo } from '../mutate';
import { digest, fillShop } from '../place';
import { answerOf } from '../target';
import type { Random, TargetModule } from '../target';

const KINDS = ['file', 'empty', 'folder', 'link', 'dangling', 'pipe'] as const;
const CALLS = ['verifyBackup', 'deleteBackup', 'protectBackup', 'restoreBackup', 'diffBackup', 'queryBackup'] as const;

interface Input {
  /** The file name of the database. */
  readonly database: string;
  readonly files: readonly { readonly name: string; readonly kind: (typeof KINDS)[number]; readonly ageMs: number }[];
  /** A call, and the name that it gets. */
  readonly call: (typeof CALLS)[number];
  readonly name: string;
}

const DAY = 86_400_000;

/** Names of files, and what stands under them. */
export const names: TargetModule<Input> = {
  invariant:
    'whatever stands in the folder, under whatever names: what is listed are regular files with names of this database, and calls with any name touch nothing else; nothing is opened through a link, and no pipe hangs a call',
  async start(root) {
    const outside = path.join(root, 'outside');
    fs.mkdirSync(outside);
    fillShop(path.join(outside, 'app.db'));
    const before = digest(outside);
    let count = 0;

    return {
      make: (random, old) => makeInput(random, old),
      async check({ database, files, call, name }) {
        const folder = path.join(root, `folder-${count++}`);
        fs.mkdirSync(folder);
        try {
          const service = serviceFor(path.join(folder, database));
          if (service === undefined) return 'refused database';
          const naming = backupNaming(path.join(folder, database));
          for (const file of files) plant(folder, outside, file);

          const listed = await service.listBackups();
          for (const backup of listed) {
            const stats = fs.lstatSync(path.join(folder, backup.name));
            assert.ok(stats.isFile() && stats.size > 0, `listed, and no regular file: ${backup.name}`);
            assert.ok(parseBackupName(naming, backup.name) !== undefined, `listed by a foreign name: ${backup.name}`);
          }
          const there = Object.keys(kindsIn(folder));
          const latest = service.getLatestBackup();
          if (latest) assert.ok(listed.some((backup) => backup.name === latest.name));
          const due = service.checkDue().reason;
          const answer = await tryCall(service, call, name);
          const gone = there.filter((file) => !(file in kindsIn(folder)));
          const own = listed.map((backup) => backup.name);
          assert.ok(
            gone.every((file) => own.includes(file) || own.some((each) => file.startsWith(path.parse(each).name))),
            `removed: ${gone.join(', ')}`,
          );
          assert.deepEqual(digest(outside), before, 'a file outside the folder was changed');
          return `${Math.min(listed.length, 3)} listed, ${due}, ${call}: ${answer}`;
        } finally {
          fs.rmSync(folder, { recursive: true, force: true });
        }
      },
    };
  },
};

/** A child for every call would be slow, and what the names mean is decided before: what the calls would ask for is answered here. */
function serviceFor(database: string): BackupService | undefined {
  try {
    const answer = (): Promise<never> => Promise.reject(new Error('asked'));
    const snapshotter = { ...fakeSnapshotter(), diff: answer, query: answer, recover: answer };
    return new BackupService({ database, snapshotter, logger: memoryLogger() });
  } catch (error) {
    if (isBackupError(error, 'ERR_BACKUP_OPTIONS')) return undefined;
    throw error;
  }
}

function tryCall(service: BackupService, call: Input['call'], name: string): Promise<string> {
  const done = (): string => 'done';
  switch (call) {
    case 'queryBackup':
      return answerOf(() => service.queryBackup(name, 'SELECT 1'), done);
    default:
      return answerOf(() => service[call](name) as Promise<unknown>, done);
  }
}

function kindsIn(folder: string): Record<string, string> {
  return Object.fromEntries(fs.readdirSync(folder).map((name) => [name, '']));
}

function plant(folder: string, outside: string, { name, kind, ageMs }: Input['files'][number]): void {
  const file = path.join(folder, name);
  // Names come from JSON: what no file system takes is for the calls alone.
  if (
    name === '' ||
    /[/\0]/.test(name) ||
    Buffer.byteLength(name) > 255 ||
    fs.lstatSync(file, { throwIfNoEntry: false })
  )
    return;
  if (kind === 'file') fs.writeFileSync(file, name.endsWith('.json') ? '{"formatVersion":1}' : Buffer.alloc(64, 1));
  else if (kind === 'empty') fs.writeFileSync(file, '');
  else if (kind === 'folder') fs.mkdirSync(file);
  else if (kind === 'pipe') execFileSync('mkfifo', ['--', file]);
  else fs.symlinkSync(path.join(outside, kind === 'link' ? 'app.db' : 'none'), file);
  if (kind === 'file') fs.utimesSync(file, new Date(Date.now() - ageMs), new Date(Date.now() - ageMs));
}

const DATABASES = ['app.db', 'app', 'a.b.c', '.db', '.hidden.db', 'app_backup_.db', 'täglich.sqlite', 'x y.db', '-rf.db', '%s%n.db', 'app_backup_20261124_093000.db', 'APP.DB', `${'n'.repeat(200)}.db`]; // prettier-ignore
const WORDS = ['_backup_', '20261124_093000', '00000000_000000', '99991231_235959', '.partial', '.json', '.db', '.lock', '-wal', '-journal', '../', '\u202e']; // prettier-ignore

function makeInput(random: Random, old?: Input): Input {
  const database = old?.database ?? (chance(random, 0.7) ? pick(random, DATABASES) : oddFile(random));
  const naming = backupNaming(`/x/${database}`);
  const nameOf = (): string => {
    const date = new Date(Date.now() - upTo(random, 400) * DAY + (chance(random, 0.1) ? 800 * DAY : 0));
    const name = backupName(naming, date);
    if (chance(random, 0.4)) return name;
    if (chance(random, 0.3)) return name.replace(/\.\w+$/, '.json');
    if (chance(random, 0.2)) return `.${name}.0123456789ab.partial`;
    return mutateText(random, name, WORDS);
  };
  const more = Array.from({ length: 1 + upTo(random, 6) }, () => {
    return { name: nameOf(), kind: pick(random, KINDS), ageMs: upTo(random, 400) * DAY };
  });
  const files = [...(old?.files ?? []), ...more].slice(-12);
  const known = chance(random, 0.6) ? pick(random, files).name : nameOf();
  const name = chance(random, 0.15) ? (pick(random, ODD_VALUES) as string) : known;
  return { database, files, call: pick(random, CALLS), name };
}

/** One file name, on one line: what messages say of the user's own path has to be that path. */
function oddFile(random: Random): string {
  const name = mutateText(random, 'app.db', WORDS).replace(/[\p{Cc}\p{Zl}\p{Zp}/]/gu, '');
  return /^\.*$/.test(name) ? 'app.db' : name;
}
