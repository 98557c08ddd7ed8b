import fc from 'fast-check';
import { backupName } from '#dist/catalog/backup-name.js';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { NAMING, writeBackup } from '../support/planted-backups';
import { spoilt, WHOLE } from '../support/spoilt-manifests';
import { useDashboard } from './support';

const use = useDashboard();
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);

/** Small folders, as each page lists its own. SPOILT_ROUNDS=120 has the 3,000 manifests of the unit test. */
const ROUNDS = Number(process.env['SPOILT_ROUNDS'] ?? 4);

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  'beside spoilt manifests, each page and each answer of the API is one (seed %i)',
  async (seed) => {
    const names = fc.sample(spoilt, { numRuns: 25, seed }).map((text, i) => {
      const time = new Date(Date.UTC(2026, 10, 1) + i * 60_000);
      return writeBackup(use.temp.path, time, { manifest: text.replaceAll(WHOLE.name, backupName(NAMING, time)) });
    });
    // Its look at the live database is a child process for each page.
    await use.serve(use.service({ snapshotter: fakeSnapshotter() }));
    const failed: string[] = [];
    const look = async (path: string) => {
      const { status } = await use.get(path);
      if (status >= 500) failed.push(`${path} ${status}`);
    };
    await look('/');
    await look('/api/status');
    await look('/api/backups');
    for (const name of names) {
      for (const page of ['', '/delete', '/restore']) await look(`/backups/${name}${page}`);
      await look(`/api/backups/${name}`);
    }
    expect(failed).toEqual([]);
  },
);
