import { isBackupError, sayVerdict, verdict } from '../../index.js';
import type { Backup, DueCheck } from '../../index.js';
import { dueJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { checkBackups, checkFindings, checkClock, checkRetention, checkVerification } from '../doctor/backups.js';
import type { Check } from '../doctor/check.js';
import { checkCopies } from '../doctor/copies.js';
import { explainDue } from '../doctor/due.js';
import { checkFolder, checkLeftovers, checkPermissions, checkSpace } from '../doctor/folder.js';
import { checkChild, checkConfig, checkDatabase, checkNode, unknown } from '../doctor/surroundings.js';
import { packageInfo } from '../../util/package-info.js';
import { EXIT } from '../exit-codes.js';
import { asLines, count, wrap } from '../format.js';
import { openService } from '../open-service.js';
import type { Opened } from '../open-service.js';

export const doctor: CommandFunction<[]> = async (context) => {
  const opened = await openService(context, { silent: true });
  const { engines } = packageInfo();
  const folder = checkFolder(opened.service);
  const checks = [checkNode(process.versions.node, engines.node), checkConfig(opened)];
  // The children run one after the other: on a small machine, two at once are slower than both in turn.
  const child = await checkChild(opened, context.signal);
  checks.push(...child, ...(await checkDatabase(opened)), folder);
  const held = child.some(({ id, level }) => id === 'lock' && level === 'warn');
  const due = folder.level === 'fail' ? undefined : await checkContents(opened, held, checks, context.signal);

  const ok = !checks.some(({ level }) => level === 'fail');
  const found = await opened.service.status().catch((error: unknown) => {
    if (!isBackupError(error)) throw error;
    return error;
  });
  const judged = verdict(found, Date.now());
  const sentence = sayVerdict(judged, Date.now());
  return {
    exitCode: ok ? EXIT.done : EXIT.failed,
    document: { ok, level: judged.level, sentence, due: due ? dueJson(due) : null, checks },
    lines: [...linesOf(checks, context), ...asLines([wrap(sentence, 0, context.terminal.columns)])],
    trouble: checks
      .filter(({ level }) => level === 'fail')
      .map(({ id, message, advice }) => `${id}: ${message} ${advice ?? ''}`.trim()),
  };
};

/** The checks of a folder that can be read. */
async function checkContents(
  { service, intervalMs }: Opened,
  held: boolean,
  checks: Check[],
  signal: AbortSignal,
): Promise<DueCheck | undefined> {
  let backups: Backup[];
  try {
    backups = await service.listBackups();
  } catch (error) {
    checks.push(unknown('backups', error));
    return undefined;
  }
  const now = Date.now();
  const due = service.checkDue();
  checks.push(
    checkSpace(service, backups),
    checkPermissions(backups),
    checkLeftovers(service, held),
    checkClock(service, backups, now),
    checkBackups(backups),
    checkFindings(due),
    checkVerification(backups, now),
    await checkRetention(service).catch((error: unknown) => unknown('retention', error)),
    ...(await checkCopies(service, backups, now, signal)),
    explainDue({ due, backups, intervalMs, now }),
  );
  return due;
}

/** The least width with room for a column of messages. */
const NARROW = 60;

function linesOf(checks: readonly Check[], { terminal }: Context): string[] {
  const { green, yellow, red, bold, dim } = terminal.out;
  const marks = { ok: green('ok  '), warn: yellow('WARN'), fail: red('FAIL') };
  const { columns } = terminal;
  // In little room, a message begins below the name of its check.
  const indent = (columns ?? Infinity) < NARROW ? 6 : 22;
  const space = ' '.repeat(indent);
  const lines = checks.flatMap(({ id, level, message, advice }) => [
    `${marks[level]}  ${indent === 6 ? `${bold(id)}\n${space}` : `${bold(id.padEnd(14))}  `}${wrap(message, indent, columns)}`,
    ...(advice === null ? [] : [`${space}${dim('->')} ${wrap(advice, indent + 3, columns)}`]),
  ]);
  const of = (level: Check['level']): number => checks.filter((check) => check.level === level).length;
  return [...asLines(lines), '', `${count(of('fail'), 'failure')}, ${count(of('warn'), 'warning')}, ${of('ok')} ok`];
}
