import { isBackupError } from '../../util/errors.js';
import type { Backup, BackupError, BackupService, VerifyReport } from '../../index.js';
import { errorJson, verifyJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import { asLines, count, seconds, size, wrap } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import type { VerifyFlags } from '../flags.js';
import { usageError } from '../usage-error.js';

type Outcome = VerifyReport | { readonly name: string; readonly error: BackupError };

export const verify: CommandFunction<[string | undefined, VerifyFlags]> = async (context, name, flags) => {
  const { all = false, assert } = flags;
  if (all && name !== undefined) throw usageError('Both a name and --all were given.', 'Give one of them.');
  const level = flags.level ?? (assert ? 'drill' : 'quick');
  if (assert && level !== 'drill') {
    throw usageError(`--assert needs the level drill, not ${level}.`, 'Leave --level out, or give --level drill.');
  }
  const { service } = await openService(context);
  const backups = all ? await service.listBackups() : [await findBackup(service, name ?? 'latest')];

  const outcomes: Outcome[] = [];
  for (const backup of backups) {
    const options = { level, ...(assert && { assertions: [...assert] }) };
    outcomes.push(await verifyOne(context, service, backup, options));
  }
  return {
    exitCode: exitCodeFor(outcomes),
    document: { ok: outcomes.every(isGood), results: outcomes.map(toJson) },
    lines:
      outcomes.length === 0 ? [`There are no backups in "${service.directory}".`] : linesOf(outcomes, all, context),
    trouble: troubleOf(outcomes),
  };
};

/** With --all, one backup that cannot be read does not keep the others from being checked. */
async function verifyOne(
  context: Context,
  service: BackupService,
  { name }: Backup,
  options: Pick<NonNullable<Parameters<BackupService['verifyBackup']>[1]>, 'level' | 'assertions'>,
): Promise<Outcome> {
  try {
    return await withProgress(context, (control) => service.verifyBackup(name, { ...options, ...control }));
  } catch (error) {
    if (!isBackupError(error) || ['ERR_BACKUP_CANCELLED', 'ERR_BACKUP_OPTIONS'].includes(error.code)) throw error;
    return { name, error };
  }
}

function isGood(outcome: Outcome): boolean {
  return 'ok' in outcome && outcome.ok;
}

function exitCodeFor(outcomes: readonly Outcome[]): number {
  if (outcomes.length === 0) return EXIT.nothingToDo;
  if (outcomes.some((outcome) => 'ok' in outcome && !outcome.ok)) return EXIT.verificationFailed;
  const failed = outcomes.find((outcome) => 'error' in outcome);
  return failed ? exitCodeOf(failed.error) : EXIT.done;
}

function toJson(outcome: Outcome): object {
  if (!('error' in outcome)) return verifyJson(outcome);
  return { name: outcome.name, ok: false, error: errorJson(outcome.error) };
}

function troubleOf(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter((outcome) => !isGood(outcome))
    .map((outcome) => `${outcome.name}: ${'error' in outcome ? outcome.error.message : outcome.problems.join('; ')}`);
}

function linesOf(outcomes: readonly Outcome[], all: boolean, { terminal }: Context): string[] {
  const { green, red } = terminal.out;
  const below = (text: string): string[] => asLines([`        ${wrap(text, 8, terminal.columns)}`]);
  const good = outcomes.filter(isGood).length;
  const sum = all
    ? ['', `${count(outcomes.length, 'backup')}: ${good} good, ${outcomes.length - good} bad or not readable`]
    : [];
  return outcomes
    .flatMap((outcome) => {
      if ('error' in outcome) return [`${red('FAILED')}  ${outcome.name}`, ...below(outcome.error.message)];
      const { ok, name, level, sizeBytes, durationMs, problems, findings, assertions = [] } = outcome;
      return [
        ...asLines([
          `${ok ? green('ok    ') : red('BAD   ')}  ${wrap(`${name}  ${level}, ${size(sizeBytes)}, ${seconds(durationMs)}`, 8, terminal.columns)}`,
        ]),
        ...problems.flatMap(below),
        ...findings.flatMap((finding) => below(`not damage: ${finding}`)),
        ...assertions.map(({ sql, ok: holds, error }) => {
          const why = error === undefined ? '' : `  (${error})`;
          return `        ${holds ? green('true ') : red('FALSE')}  ${sql}${why}`;
        }),
      ];
    })
    .concat(sum);
}
