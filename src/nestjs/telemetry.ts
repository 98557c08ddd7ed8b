import { BackupService } from '../service/backup-service.js';

/** `instrumentAutoBackup`, `collectBackupMetrics`, or a function of the app's own that calls one of them with more options. */
export type Telemetry = (options: { readonly services: readonly BackupService[] }) => () => void;

/** What follows already, and for how many modules. It follows all services that are made later, so it is called once. */
const following = new Map<Telemetry, { modules: number; readonly stop: () => void }>();

/** @returns what ends it, with the last module */
export function follow(all: readonly Telemetry[], service: unknown): () => void {
  // A test's double has nothing to follow.
  const services = service instanceof BackupService ? [service] : [];
  const entries = [...new Set(all)].map((each) => {
    const entry = following.get(each) ?? { modules: 0, stop: each({ services }) };
    following.set(each, entry);
    entry.modules += 1;
    return { each, entry };
  });
  return () => {
    for (const { each, entry } of entries.splice(0)) {
      entry.modules -= 1;
      if (entry.modules > 0) continue;
      following.delete(each);
      entry.stop();
    }
  };
}
