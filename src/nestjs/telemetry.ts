/** `instrumentAutoBackup`, `collectBackupMetrics`, or a function of the app's own that calls one of them with options. */
export type Telemetry = () => () => void;

/** What follows already, and for how many modules: it follows all services that are made later, so it is called once. */
const following = new Map<Telemetry, { modules: number; readonly stop: () => void }>();

/** @returns what ends it, with the last module */
export function follow(all: readonly Telemetry[]): () => void {
  const begun = [...new Set(all)];
  for (const each of begun) {
    const entry = following.get(each) ?? { modules: 0, stop: each() };
    following.set(each, entry);
    entry.modules += 1;
  }
  return () => {
    for (const each of begun.splice(0)) {
      const entry = following.get(each)!;
      entry.modules -= 1;
      if (entry.modules > 0) continue;
      following.delete(each);
      entry.stop();
    }
  };
}
