import type * as valibot from 'valibot';
import { BackupError } from './errors.js';
import { lazy } from './lazy.js';
import { isSecretName, show } from './show.js';
import { similarName } from './similar.js';

/** The schema library. */
export type Valibot = typeof valibot;

type StrictSchema = valibot.StrictObjectSchema<valibot.ObjectEntries, undefined>;

const library = lazy('service core', () => require('valibot') as Valibot);

/**
 * Checks an object of options. Each message of the schema finishes the sentence "It must be …".
 *
 * @param owner whose options they are, for the message: `'BackupService'`
 * @returns the options as the schema makes them
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
 */
export function validate<S extends StrictSchema>(
  owner: string,
  schemaOf: (v: Valibot) => S,
  options: unknown,
): valibot.InferOutput<S> {
  const v = library();
  const schema = schemaOf(v);
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;

  // A misspelled name comes first: what it was meant for may be missing only because of it.
  const issue = result.issues.find(isUnknownName) ?? result.issues[0];
  const option = issue.path?.map((item) => String(item.key)).join('.');
  if (option === undefined) {
    const given = isSecretName(owner) ? 'not shown' : show(issue.input);
    throw wrongOption(`${owner}: the options are ${given}.`, 'They must be an object.');
  }
  if (isUnknownName(issue)) {
    throw wrongOption(`${owner}: there is no option "${option}".`, namesHint(option, Object.keys(schema.entries)));
  }
  const value = issue.input === undefined ? 'missing' : isSecretName(option) ? 'not shown' : show(issue.input);
  // A missing key has valibot's own message; the schema's message stands at the entry.
  throw wrongOption(`${owner}: the option "${option}" is ${value}.`, `It must be ${messageAt(schema, option, issue)}.`);
}

/** A strict object reports a key that it does not have as a value that must never be there. */
function isUnknownName(issue: valibot.BaseIssue<unknown>): boolean {
  return issue.expected === 'never';
}

function namesHint(given: string, known: readonly string[]): string {
  const meant = similarName(given, known);
  return `${meant === undefined ? '' : `Did you mean "${meant}"? `}The options are ${known.join(', ')}.`;
}

function messageAt(schema: StrictSchema, option: string, issue: valibot.BaseIssue<unknown>): string {
  const entry = schema.entries[option] as { message?: unknown; pipe?: readonly { message?: unknown }[] } | undefined;
  const own = entry?.message ?? entry?.pipe?.[0]?.message;
  return issue.input === undefined && typeof own === 'string' ? own : issue.message;
}

/** An option with a value that is not allowed, or an unknown one. */
export function wrongOption(what: string, hint: string): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', what, { step: 'options', hint });
}
