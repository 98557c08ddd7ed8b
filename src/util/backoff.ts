/** After so many failures in a row: `first`, doubled each time, up to an hour (or `first`, where that is longer). */
export function backoffMs(first: number, failures: number): number {
  return Math.max(first, Math.min(first * 2 ** Math.min(failures - 1, 30), MAX_BACKOFF_MS));
}

const MAX_BACKOFF_MS = 3_600_000;
