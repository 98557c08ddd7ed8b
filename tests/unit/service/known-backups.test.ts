import fs from 'node:fs';
import path from 'node:path';
import { manifestName } from '#dist/catalog/backup-name.js';
import { latestBackup } from '#dist/catalog/latest-backup.js';
import { formatManifest } from '#dist/catalog/manifest.js';
import type { BackupEvents } from '#dist/service/events.js';
import { EVENT_NAMES } from '#dist/service/events.js';
import { KnownBackups } from '#dist/service/known-backups.js';
import { Events } from '#dist/util/events.js';
import { runSync } from '#dist/util/file-work.js';
import { FolderGate } from '#dist/util/folder-gate.js';
import { HOUR, NAMING, aManifest, writeBackup } from '../../support/planted-backups';
import { until } from '../../support/processes';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const START = Date.now() - HOUR;

function listed(count: number, lookAgainMs?: number) {
  const events = new Events<BackupEvents>(EVENT_NAMES, () => {});
  const names = Array.from({ length: count }, (_, i) =>
    writeBackup(temp.path, new Date(START - i * HOUR), { manifest: true }),
  );
  const folder = { directory: temp.path, naming: NAMING };
  const known = new KnownBackups(folder, new FolderGate(temp.path), events, lookAgainMs);
  const protectedOnes = async () => (await known.list()).filter((backup) => backup.protected).map(({ name }) => name);
  /** As another process does it: in one step, under the manifest's name. */
  const protect = (name: string) => {
    const at = new Date(START - names.indexOf(name) * HOUR).toISOString();
    const file = path.join(temp.path, manifestName(NAMING, name));
    fs.writeFileSync(`${file}.new`, formatManifest(aManifest({ name, createdAt: at, protected: true })));
    fs.renameSync(`${file}.new`, file);
  };
  return { events, folder, names, known, protect, protectedOnes };
}

test('a few backups are always shown as they are', async () => {
  const { names, known, protect, protectedOnes } = listed(5);
  expect((await known.list()).map(({ name }) => name)).toEqual(names);
  protect(names[2]!);
  expect(await protectedOnes()).toEqual([names[2]]);
  fs.truncateSync(path.join(temp.path, names[1]!), 1_000);
  expect((await known.list())[1]!.problem).toBe('damaged');
  fs.rmSync(path.join(temp.path, names[0]!));
  expect((await known.list()).map(({ name }) => name)).toEqual(names.slice(1));
});

test('what has not changed is not read again', async () => {
  const { known } = listed(5);
  const [first, again] = [await known.list(), await known.list()];
  expect(again.map((backup, i) => backup === first[i])).toEqual([true, true, true, true, true]);
});

test('the list is the same one as long as nothing is different, and another one when something is', async () => {
  const { events, names, known, protect } = listed(130);
  const first = await known.list();
  expect(await known.list()).toBe(first);
  protect(names[3]!);
  events.emit('protected', { name: names[3]!, protected: true });
  const second = await known.list();
  expect(second).not.toBe(first);
  expect(second.map(({ name }) => name)).toEqual(names);
  fs.rmSync(path.join(temp.path, names[7]!));
  const third = await known.list();
  expect(third).toHaveLength(129);
  expect(await known.list()).toBe(third);
});

describe('with very many', () => {
  test('one that has come or gone is shown at once', async () => {
    const { names, known } = listed(130);
    await known.list();
    const added = writeBackup(temp.path, new Date(START + 60_000), { manifest: true });
    fs.rmSync(path.join(temp.path, names[7]!));
    const now = (await known.list()).map(({ name }) => name);
    expect(now).toHaveLength(130);
    expect(now[0]).toBe(added);
    expect(now).not.toContain(names[7]);
  });

  test('what this process has changed is shown at once', async () => {
    const { events, names, known, protect, protectedOnes } = listed(130);
    await known.list();
    protect(names[3]!);
    events.emit('protected', { name: names[3]!, protected: true });
    expect(await protectedOnes()).toEqual([names[3]]);
  });

  test('whether one is due is judged by the newest as it is now, not as it was known', async () => {
    const { names, known, folder } = listed(130);
    const latest = async () => {
      const look = await known.look();
      return runSync(latestBackup(folder, Date.now(), look)).latest;
    };
    await known.list();
    expect(await latest()).toBe((await known.list())[0]);
    fs.truncateSync(path.join(temp.path, names[0]!), 1_000);
    expect((await latest())?.name).toBe(names[1]);
    const added = writeBackup(temp.path, new Date(START + 60_000), { manifest: true });
    expect((await latest())?.name).toBe(added);
  });

  test('what another process has changed is found behind the page, which is told', async () => {
    const { names, known, protect, protectedOnes } = listed(130, 0);
    await known.list();
    protect(names[4]!);
    let told = 0;
    known.onDifferent(() => (told += 1));
    await until(async () => (await protectedOnes()).length > 0);
    expect(await protectedOnes()).toEqual([names[4]]);
    expect(told).toBe(1);
  });
});
