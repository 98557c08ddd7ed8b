import type { Activity, BackupService } from '../../index.js';
import { activityJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { LogFlags } from '../flags.js';
import { count, localTime, size, table, withWords } from '../format.js';
import { openService } from '../open-service.js';
import { readMoment } from '../store-option.js';

export const log: CommandFunction<[LogFlags]> = async (context, { limit, before }) => {
  const moment = readMoment(before);
  const { service } = await openService(context, { silent: true });
  const activity = await service.activity({ limit, before: moment });
  return {
    exitCode: EXIT.done,
    document: { directory: service.directory, activity: activity.map(activityJson) },
    lines:
      activity.length === 0 ? [`Nothing is recorded in "${service.directory}".`] : linesOf(activity, service, context),
  };
};

function linesOf(activity: readonly Activity[], service: BackupService, { terminal }: Context): string[] {
  const { bold, red } = terminal.out;
  const rows = activity.map((each) => [localTime(each.at), sayBy(each), sayAction(each, service)]);
  const paint = (cell: string, column: number, row: number): string =>
    row === 0 ? bold(cell) : column === 2 && isBad(activity[row - 1]!) ? red(cell) : cell;
  return table([['WHEN', 'WHO', 'WHAT'], ...rows], { paint, columns: terminal.columns });
}

function isBad({ action, ok }: Activity): boolean {
  return action === 'failed' || ok === false;
}

/** `anna (dashboard)`, `root (cli)`, `shop` */
function sayBy({ by: { via, person, user } }: Activity): string {
  const who = person ?? user ?? 'somebody';
  return via === 'app' ? who : `${who} (${via})`;
}

function sayAction(activity: Activity, service: BackupService): string {
  const {
    action,
    name = '',
    label,
    names = [],
    of,
    code,
    message,
    ok,
    level,
    to,
    safetyBackup,
    rows,
    store,
  } = activity;
  const bytes = activity.sizeBytes === undefined ? '' : `, ${size(activity.sizeBytes)}`;
  const before = safetyBackup === undefined ? '' : `; the state before is in ${safetyBackup}`;
  switch (action) {
    case 'created':
      return `made ${name}${bytes}${label === undefined ? '' : `, ${withWords(service, label)}`}`;
    case 'failed':
      return `FAILED: ${of}${name && ` of ${name}`}${store === undefined ? '' : ` to ${store}`}, ${message ?? code}`;
    case 'verified':
    case 'drilled':
      return `${action} ${name}${store === undefined ? '' : ` in ${store}`} (${level}): ${ok ? 'good' : `BAD, ${message ?? ''}`}`;
    case 'restored':
      return `restored ${name}${to === undefined ? '' : ` to ${to}`}${before}`;
    case 'recovered':
      return `recovered ${count(rows ?? 0, 'row')} of ${name}${before}`;
    case 'copied':
      return `copied ${name} to ${store}${bytes}`;
    case 'pulled':
      return `fetched ${name} from ${store}`;
    case 'imported':
    case 'uploaded':
      return `${action} ${name}${bytes}${label === undefined ? '' : `, ${withWords(service, label)}`}`;
    case 'pruned':
      return `removed by retention: ${names.join(', ')}`;
    case 'copies-pruned':
      return `removed from ${store} by its retention: ${names.join(', ')}`;
    case 'deleted':
    case 'protected':
    case 'unprotected':
    case 'downloaded':
      return `${action} ${name}`;
  }
}
