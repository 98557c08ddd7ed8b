import { InvalidArgumentError } from 'commander';

export function positiveInteger(value: string): number {
  if (/^[1-9]\d*$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** If the value was forgotten, commander would take the next option for it. */
export function noOption(value: string): string {
  if (value.startsWith('--')) throw new InvalidArgumentError('Its value is missing.');
  return value;
}

export function wholeNumber(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number of 0 or more.');
}

/** The help of --from. */
export const STORE =
  'a store: its name in the configuration, s3://bucket/prefix, or a folder (default: the one in the configuration)';
/** The help of --before. */
export const BEFORE =
  'with latest: the newest one taken before 2026-11-20, or 2026-11-20T12:00 (local time; with a Z: UTC)';
