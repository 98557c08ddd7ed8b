import type { AlarmReport } from '../../index.js';
import { isBackupError, messageOf } from '../../util/errors.js';
import { oneLine } from '../../util/printable.js';
import type { CommandFunction, Context, Result } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { CheckFlags } from '../flags.js';
import { ago, count } from '../format.js';
import { openService } from '../open-service.js';

/** https://www.monitoring-plugins.org/doc/guidelines.html#AEN78 */
const NAGIOS = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

export const check: CommandFunction<[CheckFlags]> = async (context, { nagios = false }) => {
  if (!nagios) return lookAt(context, false);
  try {
    return await lookAt(context, true);
  } catch (error) {
    // A plug-in that cannot tell says so by its exit code.
    const message = isBackupError(error) ? error.message : messageOf(error);
    const lines = [nagiosLine('unknown', message)];
    return { exitCode: NAGIOS.unknown, document: { ok: false, error: message }, lines, trouble: lines };
  }
};

async function lookAt(context: Context, nagios: boolean): Promise<Result> {
  const { service } = await openService(context, { silent: true });
  const report = await service.lookForAlarms();
  // The messages are on their way.
  await service.whenIdle();
  const { alarms, status } = report;
  const now = Date.now();
  const worst = alarms.some(({ level }) => level === 'critical') ? 'critical' : alarms.length > 0 ? 'warning' : 'ok';
  const latest = status?.latest;
  const newest = latest ? `newest backup ${ago(now - latest.createdAt.getTime())}` : 'no backup';
  const numbers = `${newest}, ${count(status?.backupCount ?? 0, 'backup')}`;
  const lines = alarms.map(({ level, kind, text }) => `${level.toUpperCase()}  ${kind}  ${text}`);
  return {
    exitCode: nagios ? NAGIOS[worst] : worst === 'ok' ? EXIT.done : EXIT.failed,
    document: { ok: worst === 'ok', alarms, latest: latest?.name ?? null },
    lines: nagios ? nagiosLines(worst, report, numbers, now) : lines.length > 0 ? lines : [`OK  ${numbers}`],
    ...(lines.length > 0 && { trouble: lines }),
  };
}

/** Nagios shows the first line, reads the numbers behind the bar, and keeps the rest for the details. */
function nagiosLines(
  worst: keyof typeof NAGIOS,
  { alarms, status }: AlarmReport,
  numbers: string,
  now: number,
): string[] {
  const [first = numbers, ...more] = alarms.map(({ text }) => text);
  const ageS = status?.latest ? Math.round((now - status.latest.createdAt.getTime()) / 1000) : undefined;
  const pending = status?.copies.reduce((sum, copies) => sum + copies.pending.length, 0);
  const data = [
    ...(ageS === undefined ? [] : [`age=${ageS}s`]),
    ...(status
      ? [
          `backups=${status.backupCount}`,
          `free=${status.freeBytes === undefined ? 'U' : `${status.freeBytes}B`}`,
          `pending=${pending}`,
        ]
      : []),
  ];
  return [nagiosLine(worst, first, data), ...more.map(withoutBar)];
}

function nagiosLine(state: keyof typeof NAGIOS, text: string, data: readonly string[] = []): string {
  const bar = data.length > 0 ? ` | ${data.join(' ')}` : '';
  return `BACKUP ${state.toUpperCase()} - ${withoutBar(text)}${bar}`;
}

/** What follows a bar is read as numbers; a line break of others would be shown as one. */
function withoutBar(text: string): string {
  return oneLine(text).replaceAll('|', '/');
}
