/** The result of one check. */
export interface Check {
  /** Stable, for programs: `'database'`, `'space'`. */
  readonly id: string;
  readonly level: 'ok' | 'warn' | 'fail';
  /** The finding. */
  readonly message: string;
  /** The advice, or `null` if there is nothing to do. */
  readonly advice: string | null;
}

export function ok(id: string, message: string): Check {
  return { id, level: 'ok', message, advice: null };
}

export function warn(id: string, message: string, advice: string): Check {
  return { id, level: 'warn', message, advice };
}

export function fail(id: string, message: string, advice: string): Check {
  return { id, level: 'fail', message, advice };
}

/** Turns an error into a failed check; its hint becomes the advice. */
export function failWith(id: string, error: { what: string; hint: string }): Check {
  return fail(id, error.what, error.hint);
}

/** `a, b, c and 4 more` */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
