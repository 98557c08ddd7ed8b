import { AutoBackup } from 'sqlite-autobackup';
import type { AsyncMethodDecorator, BackupService } from 'sqlite-autobackup';
import { serviceFromContainer } from '../../support/app.js';

export const EDITIONS = ['none', 'above', 'between', 'below'] as const;
export type Edition = (typeof EDITIONS)[number];

interface HasBackups {
  readonly backups: BackupService;
}
type Decorator = AsyncMethodDecorator<HasBackups>;

/** `@AutoBackup()` for the place that the edition is named after, and for the other places a decorator that does nothing. */
export function decoratorsOf(edition: Edition): { above: Decorator; between: Decorator; below: Decorator } {
  const options = serviceFromContainer ? { service: (self: HasBackups) => self.backups } : {};
  const nothing = (() => undefined) as unknown as Decorator;
  const at = (place: Edition) => (place === edition ? AutoBackup<HasBackups>(options) : nothing);
  return { above: at('above'), between: at('between'), below: at('below') };
}
