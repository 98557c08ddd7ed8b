import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import type { Html, View } from './view.js';

const WEEKS = 52;
const CELL = 12;
const PITCH = 14;
const LABELS = 28;
/** A row for each quarter of a year: in one row of 52, nobody could see one on a phone. */
const COLUMNS = 13;

export interface Week {
  /** Its Monday, in local time. */
  readonly monday: Date;
  readonly count: number;
}

/** The last 52 weeks, oldest first, each with how many backups it has. Pure. */
export function countWeeks(backups: readonly Backup[], now: Date): Week[] {
  const monday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - ((now.getDay() + 6) % 7));
  // By the calendar, not by 604,800 seconds: some weeks have an hour more or less.
  const mondays = Array.from(
    { length: WEEKS + 1 },
    (_, i) => new Date(monday.getFullYear(), monday.getMonth(), monday.getDate() - 7 * (WEEKS - 1 - i)),
  );
  const counts = new Array<number>(WEEKS).fill(0);
  for (const { createdAt, problem } of backups) {
    if (problem) continue;
    const week = mondays.findLastIndex((start) => start <= createdAt);
    if (week >= 0 && week < WEEKS) counts[week]! += 1;
  }
  return counts.map((count, i) => ({ monday: mondays[i]!, count }));
}

/** Which weeks have a backup. */
export function weekStrip(view: View, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { format } = texts;
  const weeks = countWeeks(backups, new Date(view.now));
  const withBackup = weeks.filter(({ count }) => count > 0).length;
  const rows = WEEKS / COLUMNS;
  const alt = texts.weeksAlt(format.number(withBackup), format.number(WEEKS));
  return html`<figure class="card weeks">
    <figcaption>${texts.weeks}</figcaption>
    <svg viewBox="0 0 ${LABELS + COLUMNS * PITCH} ${rows * PITCH}" role="img" aria-label="${alt}">
      ${weeks.map(({ monday, count }, i) => {
        const x = LABELS + (i % COLUMNS) * PITCH;
        const y = Math.floor(i / COLUMNS) * PITCH;
        const amount = count === 0 ? texts.weekNone : count === 1 ? texts.weekOne : texts.usedOf(format.number(count));
        return html`<rect class="week w${Math.min(count, 2)}" x="${x}" y="${y}" width="${CELL}" height="${CELL}" rx="3">
            <title>${texts.week(format.day(monday), amount)}</title></rect
          >
          ${i % COLUMNS === 0 ? html`<text class="month" x="2" y="${y + 9}">${format.month(monday)}</text>` : ''}`;
      })}
    </svg>
    <p class="legend">
      ${[texts.weekNone, texts.weekOne, texts.weekMore].map(
        (name, i) => html`<span><i class="swatch w${i}"></i>${name}</span>`,
      )}
    </p>
  </figure>`;
}
