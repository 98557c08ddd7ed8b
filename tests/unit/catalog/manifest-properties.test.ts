import fs from 'node:fs';
import fc from 'fast-check';
import { BackupService } from 'sqlite-autobackup';
import { backupName } from '#dist/catalog/backup-name.js';
import { newestFirst } from '#dist/catalog/backup.js';
import { parseManifest } from '#dist/catalog/manifest.js';
import { parseCopyManifest } from '#dist/offsite/copy-manifest.js';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { NAMING, writeBackup } from '../../support/planted-backups';
import { SPOILT_AT as at, spoilt, WHOLE as whole } from '../../support/spoilt-manifests';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
test('of a thousand spoilt manifests, what is believed has right times, numbers and its own name', () => {
  fc.assert(
    fc.property(spoilt, (text) => {
      for (const manifest of [parseManifest(text, whole.name), parseCopyManifest(text, whole.name)]) {
        if (!manifest) continue;
        expect(manifest.name).toBe(whole.name);
        for (const moment of [manifest.createdAt, manifest.verifiedAt ?? at, manifest.lastVerification?.at ?? at]) {
          expect(new Date(moment).toISOString().slice(0, 19)).toBe(moment.slice(0, 19));
        }
        const { sizeBytes, pageCount, pageSize, durationMs } = manifest;
        for (const number of [sizeBytes, pageCount, pageSize, durationMs]) expect(number).toBeGreaterThanOrEqual(0);
        expect((manifest.lastVerification?.problems ?? []).every((problem) => typeof problem === 'string')).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a folder of them is listed and has a status, as JSON too, and no file in it changes', async () => {
  const texts = fc.sample(spoilt, 400);
  texts.forEach((text, i) => {
    const time = new Date(Date.UTC(2026, 10, 1) + i * 60_000);
    writeBackup(folder.path, time, { manifest: text.replaceAll(whole.name, backupName(NAMING, time)) });
  });
  const before = folder.list().map((name) => [name, fs.statSync(folder.file(name)).mtimeMs]);
  const service = new BackupService({
    database: folder.file('app.db'),
    snapshotter: fakeSnapshotter(),
    logger: memoryLogger(),
  });
  const backups = await service.listBackups();
  expect(backups).toHaveLength(400);
  expect([...backups].sort(newestFirst)).toEqual(backups);
  expect(backups.some(({ problem }) => problem === undefined)).toBe(true);
  expect(JSON.stringify(backups)).toContain('unreadable manifest');
  expect(JSON.stringify(await service.status())).toContain('unreadable manifest');
  expect((await service.pruneBackups({ dryRun: true })).removed.filter(({ problem }) => problem)).toEqual([]);
  expect(folder.list().map((name) => [name, fs.statSync(folder.file(name)).mtimeMs])).toEqual(before);
});
