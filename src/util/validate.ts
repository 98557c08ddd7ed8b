import { inspect } from 'node:util';
import type * as valibot from 'valibot';
import { BackupError } from './errors.js';

/** The schema library, loaded when the first options are checked: requiring this package stays cheap. */
export type Valibot = typeof valibot;

type StrictSchema = valibot.StrictObjectSchema<valibot.ObjectEntries, undefined>;

/**
 * Checks an object of options. Each message of the schema finishes the sentence "It must be …".
 *
 * @param owner whose options they are, for the message: `'BackupService'`
 * @throws BackupError `ERR_BACKUP_OPTIONS`, naming the option, the value and what is allowed
 */
export function validate(owner: string, schemaOf: (v: Valibot) => StrictSchema, options: unknown): void {
  const v = require('valibot') as Valibot;
  const schema = schemaOf(v);
  const issue = v.safeParse(schema, options).issues?.[0];
  if (!issue) return;

  const option = issue.path?.map((item) => String(item.key)).join('.');
  if (option === undefined) {
    throw wrongOption(`${owner}: the options are ${show(issue.input)}.`, 'They must be an object.');
  }
  if (issue.expected === 'never') {
    const known = Object.keys(schema.entries).join(', ');
    throw wrongOption(`${owner}: there is no option "${option}".`, `The options are ${known}.`);
  }
  const value = issue.input === undefined ? 'missing' : show(issue.input);
  // A missing key has valibot's own message; the schema's message stands at the entry.
  throw wrongOption(`${owner}: the option "${option}" is ${value}.`, `It must be ${messageAt(schema, option, issue)}.`);
}

function messageAt(schema: StrictSchema, option: string, issue: valibot.BaseIssue<unknown>): string {
  const entry = schema.entries[option] as { message?: unknown; pipe?: readonly { message?: unknown }[] } | undefined;
  const own = entry?.message ?? entry?.pipe?.[0]?.message;
  return issue.input === undefined && typeof own === 'string' ? own : issue.message;
}

function wrongOption(what: string, hint: string): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', what, { step: 'options', hint });
}

/** A value as the message shows it. */
export function show(value: unknown): string {
  // inspect() never throws, unlike JSON.stringify() on a BigInt or a cycle.
  return typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
}
