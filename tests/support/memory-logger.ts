import type { Logger } from 'sqlite-autobackup';

/** A logger that keeps its lines: `['info Backup created …']`. */
export function memoryLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}
