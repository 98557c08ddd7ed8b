import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SERVICE_CHANNEL } from '../service/backup-service.js';
import type { BackupService } from '../service/backup-service.js';
import { labelsOf, samplesOf } from './metrics.js';
import type { Sample } from './metrics.js';

/** The options that both ways to watch services share. */
export interface WatchOptions {
  /** Services that there are already. All that are made later in this process are watched anyway. */
  readonly services?: readonly BackupService[];
}

/** The services that are watched. Those that nobody else keeps are forgotten. */
export class KnownServices {
  readonly #services = new Set<WeakRef<BackupService>>();
  readonly #stops = new WeakMap<BackupService, () => void>();
  readonly #add: (service: unknown) => void;

  /** @param onFailure is called with each failed attempt of theirs */
  constructor({ services = [] }: WatchOptions, onFailure: (labels: Record<string, string>, code: string) => void) {
    this.#add = (message) => {
      const service = message as BackupService;
      if (this.#stops.has(service)) return;
      const labels = labelsOf(service);
      this.#stops.set(
        service,
        service.on('failed', ({ error }) => onFailure(labels, error.code)),
      );
      this.#services.add(new WeakRef(service));
    };
    services.forEach(this.#add);
    subscribe(SERVICE_CHANNEL, this.#add);
  }

  /** What is measured of all of them now. */
  async look(): Promise<readonly Sample[]> {
    return (await Promise.all(this.#all.map(samplesOf))).flat();
  }

  get #all(): readonly BackupService[] {
    const there: BackupService[] = [];
    for (const reference of this.#services) {
      const service = reference.deref();
      if (service) there.push(service);
      else this.#services.delete(reference);
    }
    return there;
  }

  stop(): void {
    unsubscribe(SERVICE_CHANNEL, this.#add);
    for (const service of this.#all) this.#stops.get(service)!();
    this.#services.clear();
  }
}
