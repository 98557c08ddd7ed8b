import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import type { BackupService } from 'sqlite-autobackup';
import { chance, mutateJson, mutateText, pick } from '../mutate';
import { digest, openShop } from '../place';
import { answerOf } from '../target';
import type { TargetModule } from '../target';

const CALLS: Readonly<Record<string, (service: BackupService, name: string, to: string) => unknown>> = {
  create: (service) => service.createBackup(),
  'create blocking': (service) => service.createBackupSync(),
  'if due': (service) => service.backupIfDue({ interval: 0 }),
  verify: (service, name) => service.verifyBackup(name, { level: 'drill', assertions: ['SELECT 1'] }),
  restore: (service, name, to) => service.restoreBackup(name, { to }),
  protect: (service, name) => service.protectBackup(name),
  diff: (service, name) => service.diffBackup(name, { rows: 5 }),
  recover: (service, name) => service.recoverRows(name, { table: 'customers', where: 'id = 1', dryRun: true }),
  query: (service, name) => service.queryBackup(name, 'SELECT * FROM customers'),
  look: (service) => service.status(),
};

interface Input {
  readonly call: string;
  readonly stdout: string;
  readonly stderr: string;
  /** As a shell ends itself: `exit 1`, `kill -9 $$`. */
  readonly end: string;
}

/** What the child prints and how it ends: a child of another version, one that was damaged, or no child at all. */
export const answers: TargetModule<Input> = {
  invariant:
    'whatever the child prints, and however it ends: the call is answered or rejects with a BackupError; a backup that is told is there; no file is removed but the unfinished ones of this request',
  async start(root) {
    const shop = await openShop(root);
    const { service, backup } = shop;
    const to = path.join(root, 'restored.db');
    const own = await recordAnswers(root, shop.service, backup.name, to);
    shop.reset();
    const victims = [shop.database, backup.path, shop.file('.app_backup.lock'), path.join(shop.outside, 'app.db')];
    const files = victims.flatMap((file) => [
      file,
      `${file}.partial`,
      `${path.dirname(file)}/.${path.basename(file)}.x.partial`,
    ]);
    const child = writeChild(root);
    const node = process.execPath;

    return {
      make(random, old) {
        const call = old?.call ?? pick(random, Object.keys(CALLS));
        const text = chance(random, 0.8) ? (old?.stdout ?? own[call]!) : own[pick(random, Object.keys(own))]!;
        return {
          call,
          stdout: changeLines(random, text, files),
          stderr: chance(random, 0.2) ? mutateText(random, 'Error: bad\n at x\n') : '',
          end: pick(random, ['exit 0', 'exit 0', 'exit 1', 'exit 137', 'kill -9 $$', 'kill -11 $$']),
        };
      },
      async check({ call, stdout, stderr, end }) {
        shop.reset();
        fs.rmSync(to, { force: true });
        const kept = digest(shop.folder);
        fs.writeFileSync(path.join(root, 'stdout'), stdout);
        fs.writeFileSync(path.join(root, 'stderr'), stderr);
        fs.writeFileSync(path.join(root, 'end'), end);
        process.execPath = child;
        try {
          return await answerOf(
            async () => CALLS[call]!(service, backup.name, to),
            (result) => {
              inspect(result, { depth: 20 });
              JSON.stringify(result, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
              const made = (result as { backup?: { path: string } } | undefined)?.backup ?? result;
              if (call.startsWith('create'))
                assert.ok(fs.existsSync((made as { path: string }).path), 'no such backup');
              return `${call}: done`;
            },
          );
        } finally {
          process.execPath = node;
          await service.whenIdle();
          const now = digest(shop.folder);
          for (const [name, hash] of Object.entries(kept)) {
            if (!name.includes('activity')) assert.equal(now[name], hash, `${name} was changed or removed`);
          }
          shop.checkOutside();
        }
      },
    };
  },
};

/** What real children print for each call. */
async function recordAnswers(
  root: string,
  service: BackupService,
  name: string,
  to: string,
): Promise<Record<string, string>> {
  const file = path.join(root, 'recorded');
  const node = process.execPath;
  const recorder = path.join(root, 'recorder');
  fs.writeFileSync(recorder, `#!/bin/sh\n'${node}' "$@" > '${file}'\ncat '${file}'\n`, { mode: 0o755 });
  const texts: Record<string, string> = {};
  for (const [call, ask] of Object.entries(CALLS)) {
    process.execPath = recorder;
    try {
      // The look at the database was made before, and is not made again.
      if (call !== 'look') await ask(service, name, to);
      await service.whenIdle();
    } finally {
      process.execPath = node;
    }
    texts[call] = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  }
  return texts;
}

function writeChild(root: string): string {
  const child = path.join(root, 'child');
  const script = ['#!/bin/sh', `cat '${root}/stderr' >&2`, `cat '${root}/stdout'`, `. '${root}/end'`];
  fs.writeFileSync(child, `${script.join('\n')}\n`, { mode: 0o755 });
  return child;
}

const LINES = [
  '{"type":"step","step":"publish"}',
  '{"type":"progress","doneBytes":1,"totalBytes":0}',
  '{"type":"limit","withinMs":0,"error":{"code":"ERR_BACKUP_QUERY","what":"x","step":"query","hint":"y"}}',
  '{"type":"error","error":{"code":"ERR_BACKUP_FUTURE","what":"x","step":"copy","hint":"y"}}',
  '{"type":"result","result":{"kind":"protected"}}',
  '(node:1) Warning: x',
];

function changeLines(random: () => number, text: string, files: readonly string[]): string {
  const lines = text.split('\n').filter(Boolean);
  const partial = (): string => JSON.stringify({ type: 'partial', path: pick(random, files) });
  if (chance(random, 0.4))
    lines.splice(Math.floor(random() * (lines.length + 1)), 0, chance(random, 0.5) ? partial() : pick(random, LINES));
  if (chance(random, 0.15)) lines.splice(Math.floor(random() * lines.length), 1);
  const chosen = Math.floor(random() * lines.length);
  const changed = lines.map((line, i) => {
    if (i !== chosen) return line;
    try {
      return JSON.stringify(mutateJson(random, JSON.parse(line), files));
    } catch {
      return mutateText(random, line);
    }
  });
  return changed.join('\n') + (chance(random, 0.9) ? '\n' : '');
}
