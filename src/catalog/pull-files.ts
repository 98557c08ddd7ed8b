import path from 'node:path';
import { TOKEN, isAbandoned, processToken } from '../util/process-token.js';

/**
 * Where a pull writes until all of it is there: `.app_backup_20261124_093000.3f2z-2hw-9a0k.pull.partial`. No longer than the
 * names of a backup in the making (name-lengths.ts), and not one of them: those are swept under a lock that no pull takes.
 */
export function pullPartial(target: string): string {
  const { dir, name } = path.parse(target);
  return path.join(dir, `.${name}.${processToken()}.pull.partial`);
}

/** Is this what a pull that died has left? */
export function isDeadPull(fileName: string, changedAt: number): boolean {
  const [, token] = PULL.exec(fileName) ?? [];
  return token !== undefined && isAbandoned(token, changedAt);
}

export function isPullName(fileName: string): boolean {
  return PULL.test(fileName);
}

const PULL = new RegExp(`^\\..*\\.(${TOKEN})\\.pull\\.partial$`, 's');
