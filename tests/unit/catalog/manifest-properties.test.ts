import fs from 'node:fs';
import fc from 'fast-check';
import { BackupService } from 'sqlite-autobackup';
import { backupName } from '#dist/catalog/backup-name.js';
import { newestFirst } from '#dist/catalog/backup.js';
import { parseManifest } from '#dist/catalog/manifest.js';
import { parseCopyManifest } from '#dist/offsite/copy-manifest.js';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { NAMING, aManifest, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const at = '2026-11-24T10:00:00.000Z';
const whole = {
  ...aManifest({ label: 'Shop.sell', uncheckedTables: ['t'], mtimeMs: 1 }),
  lastVerification: { level: 'drill', ok: true, at, problems: ['x'], assertions: [{ sql: 'SELECT 1', ok: true }] },
  copy: { object: 'o', sizeBytes: 1, sha256: 'a'.repeat(64), shippedAt: at },
};
const odd = fc.oneof(
  fc.anything({ withBigInt: false }),
  fc.constantFrom('x', '', '1', -1, 1e300, 0.5, null, [], {}, 'x/../../../srv/app/package.db', '9999-99-99T99:99:99Z'),
  fc.constantFrom(
    at,
    '+275760-09-13T00:00:00Z',
    '0000-01-01T00:00:00.000Z',
    Array.from({ length: 20_000 }, () => 'x'),
  ),
);
/** A manifest with one or two of its fields, or of its parts' fields, replaced by anything. */
const spoilt = fc
  .array(fc.tuple(fc.constantFrom('', 'lastVerification', 'copy'), fc.nat(40), odd), { minLength: 1, maxLength: 2 })
  .map((changes) => {
    const manifest = structuredClone(whole) as Record<string, unknown>;
    for (const [part, index, value] of changes) {
      const target = part === '' ? manifest : (manifest[part] as Record<string, unknown> | null | undefined);
      if (typeof target !== 'object' || target === null) continue;
      const keys = [...Object.keys(target), 'unknown', '__proto__'];
      // A copy: two changes may have drawn the same object, and the second be made inside the first.
      target[keys[index % keys.length]!] = structuredClone(value);
    }
    return JSON.stringify(manifest);
  });

test('of thousands of spoilt manifests, what is believed has right times, numbers and its own name', () => {
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
    { numRuns: 3_000 },
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
