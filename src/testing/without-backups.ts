import { processState } from '../decorator/process-state.js';

/**
 * From now on no protected method takes a backup, whatever its service is, and none needs one: for the tests of an app. It
 * holds for the whole process, until {@link resetAutoBackup} or the returned function is called.
 *
 * @returns switches backups on again
 * @example beforeEach(() => void withoutBackups());
 */
export function withoutBackups(): () => void {
  processState.withoutBackups = true;
  return () => {
    processState.withoutBackups = false;
  };
}

/**
 * Forgets what `configureAutoBackup()` and {@link withoutBackups} have set, as at the start of the process, so that the next
 * test can configure another service. A backup that is being taken goes on: `await service.whenIdle()` waits for it.
 *
 * @example afterEach(resetAutoBackup);
 */
export function resetAutoBackup(): void {
  processState.configured = undefined;
  processState.adopted = [];
  processState.withoutBackups = false;
}
