import bytes from 'bytes';
import ms from 'ms';

/** `12.4 MB`, `8 kB`: of 1024 each, with the units of the dashboard */
export function size(count: number): string {
  return (bytes(count, { unitSeparator: ' ' }) ?? '').replace('KB', 'kB');
}

/** `0.31 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** `2026-11-24 09:30:00`, in local time, as the names of backups are. */
export function localTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2 days`, `45 seconds` */
export function span(milliseconds: number): string {
  return milliseconds < 1000 ? 'a moment' : ms(milliseconds, { long: true });
}

/** `2 days ago`, `just now`; for a time that is ahead, `in 2 days` */
export function ago(milliseconds: number): string {
  if (milliseconds <= -1000) return `in ${span(-milliseconds)}`;
  return milliseconds < 1000 ? 'just now' : `${span(milliseconds)} ago`;
}
