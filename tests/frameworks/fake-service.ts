import { BackupService } from 'sqlite-autobackup';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { memoryLogger } from '../support/memory-logger';
import { DAY } from '../support/planted-backups';
import { useTempFolder } from '../support/temp-folder';

/** A service for each test whose snapshots are fake, for what happens around them. */
export interface FakeService {
  /** For `@AutoBackup({ service: fake.get })`. */
  get(): BackupService;
  /** The labels of the backups that were taken. */
  labels(): (string | undefined)[];
  /** Makes backups due after another time. */
  dueAfter(milliseconds: number): void;
}

export function useFakeService(): FakeService {
  const folder = useTempFolder();
  let snapshotter: ReturnType<typeof fakeSnapshotter>;
  let service: BackupService;
  const make = (interval: number) => {
    snapshotter = fakeSnapshotter();
    service = new BackupService({ database: folder.file('app.db'), snapshotter, logger: memoryLogger(), interval });
  };
  beforeEach(() => make(7 * DAY));
  return {
    get: () => service,
    labels: () => snapshotter.requests.map(({ label }) => label),
    dueAfter: make,
  };
}
