import assert from 'node:assert/strict';
import fs from 'node:fs';
import { backupName, foreignRecordName, manifestName, policyRecordName } from '#dist/catalog/backup-name.js';
import { activityName, recordName } from '#dist/catalog/backup-name.js';
import { formatActivity } from '#dist/activity/activity.js';
import { directoryStore, keep } from 'sqlite-autobackup';
import { NAMING } from '../../support/planted-backups';
import { chance, mutateJson, mutateText, ODD_VALUES, pick } from '../mutate';
import { codesOf, openShop } from '../place';
import { answerOf } from '../target';
import type { Place } from '../place';
import type { TargetModule } from '../target';

interface Input {
  readonly record: string;
  readonly text: string;
  readonly as: 'text' | 'bytes' | 'link' | 'folder';
  readonly then: 'look' | 'prune' | 'create' | 'ship';
}

const AT = '2026-11-24T10:00:00.000Z';

/** The small files that the package keeps beside the backups, with other contents than it has written. */
export const records: TargetModule<Input> = {
  invariant:
    'whatever stands in a record: status, activity, pruning, a new backup and shipping answer or say a code; no good backup is removed for it, none is read through a link',
  async start(folder) {
    fs.mkdirSync(`${folder}/store`);
    const shop = await openShop(folder, {
      retention: keep({ last: 2 }),
      copies: [directoryStore(`${folder}/store`, { host: 'till' })],
    });
    const { service } = shop;
    const own = await ownRecords(shop);
    const names = Object.keys(own);

    return {
      make(random, old) {
        const record = old && chance(random, 0.8) ? old.record : pick(random, names);
        const text = old?.record === record ? old.text : own[record]!;
        return {
          record,
          text: changeText(random, text),
          as: pick(random, ['text', 'text', 'text', 'text', 'text', 'text', 'bytes', 'link', 'folder']),
          then: pick(random, ['look', 'look', 'look', 'look', 'look', 'prune', 'prune', 'create', 'ship']),
        };
      },
      async check({ record, text, as, then }) {
        shop.reset();
        for (const [name, contents] of Object.entries(own)) fs.writeFileSync(shop.file(name), contents);
        const file = shop.file(record);
        fs.rmSync(file, { force: true });
        if (as === 'text') fs.writeFileSync(file, text);
        if (as === 'bytes') fs.writeFileSync(file, Buffer.from(text, 'latin1'));
        if (as === 'folder') fs.mkdirSync(file);
        if (as === 'link') fs.symlinkSync(`${shop.outside}/secret.json`, file);

        const answers = [await look(shop)];
        if (then === 'prune') {
          answers.push(await answerOf(() => service.pruneBackups(), ({ removed }) => `pruned ${removed.length}`)); // prettier-ignore
        }
        if (then === 'create') answers.push(await answerOf(() => service.createBackup(), () => 'created')); // prettier-ignore
        if (then === 'ship') {
          const ship = (): Promise<string> =>
            service.shipPending().then(([report]) => report?.errors[0]?.code ?? 'shipped');
          answers.push(await answerOf(ship, (answer) => answer));
        }
        await service.whenIdle();
        assert.ok(fs.existsSync(shop.backup.path) || then === 'create', 'the only backup is gone');
        shop.checkOutside();
        return `${record} ${answers.join(', ')}`;
      },
    };
  },
};

async function look({ service }: Place): Promise<string> {
  const status = await answerOf(
    () => service.status(),
    (found) => {
      assert.ok(!JSON.stringify(found).includes('TOP-SECRET'), 'read through a link');
      return codesOf(found);
    },
  );
  const activity = await answerOf(
    () => service.activity({ limit: 50 }),
    (found) => {
      assert.ok(!JSON.stringify(found).includes('TOP-SECRET'), 'read through a link');
      for (const each of found) assert.ok(!Number.isNaN(each.at.getTime()), 'an activity without a time');
      return found.length > 3 ? 'many' : String(found.length);
    },
  );
  const alarms = await answerOf(() => service.rules(), () => 'rules'); // prettier-ignore
  service.shouldBackup();
  return `${status} ${activity} ${alarms}`;
}

/** As they are after everything has happened once. */
async function ownRecords({ service, backup, folder, file }: Place): Promise<Record<string, string>> {
  await service.shipPending();
  await service.verifyBackup(backup.name, { level: 'drill' });
  const foreign = backupName(NAMING, new Date(Date.now() - 86_400_000));
  fs.writeFileSync(file(foreign), 'no database');
  await service.pruneBackups({ dryRun: true });
  await service.whenIdle();
  const made = fs.readdirSync(folder).filter((name) => /^\..*\.(json|jsonl)$/.test(name));
  const found = Object.fromEntries(made.map((name) => [name, fs.readFileSync(file(name), 'utf8')]));
  fs.rmSync(file(foreign));
  const alarm = {
    kind: 'failed',
    level: 'critical',
    text: 'x',
    since: AT,
    count: 1,
    raised: true,
    told: true,
    by: 'x',
  };
  return {
    [policyRecordName(NAMING)]: '{"last":2}',
    [foreignRecordName(NAMING)]: JSON.stringify({
      formatVersion: 1,
      files: { [foreign]: { sizeBytes: 11, mtimeMs: 1 } },
    }),
    [recordName(NAMING, 'only-here')]: JSON.stringify({ formatVersion: 1, at: AT, by: 'anna' }),
    [recordName(NAMING, 'drill')]: JSON.stringify({ formatVersion: 1, at: AT, name: backup.name, ok: true }),
    [recordName(NAMING, 'verifying')]: '',
    [recordName(NAMING, 'alarm-0123456789ab')]: JSON.stringify({ formatVersion: 1, ...alarm }),
    [activityName(NAMING)]: formatActivity({ at: new Date(AT), action: 'deleted', by: { via: 'cli' }, name: 'x' }),
    [manifestName(NAMING, backup.name)]: fs.readFileSync(file(manifestName(NAMING, backup.name)), 'utf8'),
    ...found,
  };
}

const WORDS = [
  '\n',
  '{}\n',
  '{"at":',
  'null\n',
  '1e999',
  '[1]\n',
  '"formatVersion":2',
  '{"last":0}',
  '{"last":Infinity}',
];

/** As JSON, or line by line as JSON, or as the text that it is. */
function changeText(random: () => number, text: string): string {
  if (chance(random, 0.4)) return mutateText(random, text, WORDS);
  const lines = text.trim().split(/\n(?=\{)/);
  const chosen = Math.floor(random() * lines.length);
  return lines
    .map((line, i) => {
      if (i !== chosen) return line;
      try {
        return JSON.stringify(mutateJson(random, JSON.parse(line), ODD_VALUES));
      } catch {
        return mutateText(random, line, WORDS);
      }
    })
    .join('\n');
}
