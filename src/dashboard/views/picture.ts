import { html, raw } from 'hono/html';
import type { Backup } from '../../index.js';
import { linkTo } from './view.js';
import type { Html, View } from './view.js';

const WIDTH = 1000;
const HEIGHT = 150;
/** For `512 kB` in the larger type of a phone. */
const LEFT = 124;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 30;
/** More dots would lie on one another, and be slow to draw. */
const MAX_DOTS = 150;
const MAX_SPECIAL = 30;

interface Dot {
  readonly backup: Backup;
  readonly link: string;
  /** In words. */
  readonly say: string;
}

/**
 * What can be gone back to: a dot for each backup, by its time and its size, which leads to its page. The same as a list, for
 * everybody who sees no picture or has no mouse. An SVG of attributes only: the page allows no inline styles.
 */
export function picture(view: View, backups: readonly Backup[], goNext: ReadonlySet<string>): Html | '' {
  if (backups.length === 0) return '';
  const { drawn, list } = drawnOnce(view, backups, goNext);
  return html`<section class="card picture" aria-labelledby="picture-title">
    ${drawn}
    <div class="row">${list} ${goBackForm(view)}</div>
  </section>`;
}

/** The parts of the picture that stay the same as long as the backups do. */
interface Drawn {
  readonly drawn: Html;
  readonly list: Html;
}

/** Of each list as it was drawn last. A page in another language draws its own. */
const last = new WeakMap<readonly Backup[], Drawn & { readonly key: string }>();

/** Draws it once for each list: of many backups, it is a third of the page's work. */
function drawnOnce(view: View, backups: readonly Backup[], goNext: ReadonlySet<string>): Drawn {
  const { texts, home } = view;
  const key = JSON.stringify([texts.format.locale, home, ...goNext]);
  const before = last.get(backups);
  if (before?.key === key) return before;
  const drawn = draw(view, backups, goNext);
  last.set(backups, { key, ...drawn });
  return drawn;
}

function draw(view: View, backups: readonly Backup[], goNext: ReadonlySet<string>): Drawn {
  const { texts } = view;
  const { format, picture: say } = texts;
  const shown = thinned(backups.toReversed());
  const sizes = shown.map(({ sizeBytes }) => sizeBytes);
  const [first, last] = [shown[0]!.createdAt, shown.at(-1)!.createdAt];
  const left = backups.length - shown.length;
  const dots = shown.map((backup) => ({
    backup,
    link: linkTo(view, backup.name),
    say: describe(view, backup, goNext),
  }));
  return {
    drawn: html`<div class="row">
        <h2 id="picture-title">${say.title}</h2>
        <p>${say.span(format.number(backups.length), format.day(first))}</p>
        <p>${say.sizes(format.size(Math.min(...sizes)), format.size(Math.max(...sizes)))}</p>
      </div>
      ${shown.length < 2 ? '' : drawing(view, dots, goNext, [first, last])}`,
    list: html`<details>
      <summary>${say.asList}</summary>
      <ol class="moments">
        ${dots.toReversed().map(({ link, say: text }) => html`<li><a href="${link}">${text}</a></li>`)}
      </ol>
      ${left > 0 ? html`<p>${say.more(format.number(left))}</p>` : ''}
    </details>`,
  };
}

/** Asks for the day to go back to. */
export function goBackForm({ texts, home, now }: View, day?: string): Html {
  const { format, picture: say } = texts;
  return html`<form method="get" action="${home}go-back" class="goback">
    <label for="at">${say.goBackTo}</label>
    <input
      id="at"
      name="at"
      type="date"
      max="${format.isoDay(new Date(now))}"
      ${day === undefined ? '' : html`value="${day}"`}
      required
    />
    <button class="button small">${say.go}</button>
  </form>`;
}

function drawing(
  view: View,
  dots: readonly Dot[],
  goNext: ReadonlySet<string>,
  [first, last]: readonly [Date, Date],
): Html {
  const { format } = view.texts;
  const top = niceCeiling(Math.max(...dots.map(({ backup }) => backup.sizeBytes)));
  const base = HEIGHT - BOTTOM;
  const at = ({ createdAt, sizeBytes }: Backup): string => {
    const x = LEFT + share(createdAt.getTime(), first.getTime(), last.getTime()) * (WIDTH - LEFT - RIGHT);
    return `${round(x)},${round(base - (sizeBytes / top) * (base - TOP))}`;
  };
  const whole = dots.flatMap(({ backup }) => (backup.problem ? [] : [at(backup)]));
  const [start, end] = [whole[0]?.split(',')[0], whole.at(-1)?.split(',')[0]];
  // It is hidden from screen readers, which have the list, and out of the way of the Tab key.
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" focusable="false">
    ${[0, 0.5, 1].map((part) => {
      const y = base - part * (base - TOP);
      return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" />
        <text class="axis" x="${LEFT - 10}" y="${y + 5}" text-anchor="end"
          >${part === 0 ? '0' : format.size(part * top)}</text
        >`;
    })}
    ${whole.length > 1 ? html`<path class="area" d="M${start},${base} L${whole.join(' L')} L${end},${base} Z" />` : ''}
    <polyline class="line" points="${whole.join(' ')}" />
    ${dots.map(({ backup, link, say }) => {
      const [x, y] = at(backup).split(',') as [string, string];
      const kind = backup.problem ? 'broken' : backup.protected ? 'kept' : goNext.has(backup.name) ? 'going' : '';
      // Numbers and known words only; what is inserted as text is escaped.
      const dot = raw(
        `<circle class="hit" cx="${x}" cy="${y}" r="14"/><circle class="dot ${kind}" cx="${x}" cy="${y}" r="5"/>`,
      );
      return html`<a href="${link}" tabindex="-1"><title>${say}</title>${dot}</a>`;
    })}
    <text class="axis" x="${LEFT}" y="${HEIGHT - 6}">${format.day(first)}</text>
    <text class="axis" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${format.day(last)}</text>
  </svg>`;
}

/** `24 Nov 2026, 09:30 · 812 kB · protected` */
function describe({ texts }: View, backup: Backup, goNext: ReadonlySet<string>): string {
  const { format, list } = texts;
  const { createdAt, sizeBytes, problem } = backup;
  return [
    format.date(createdAt),
    format.size(sizeBytes),
    ...(problem ? [texts.problems[problem] ?? problem] : []),
    ...(backup.protected ? [list.protected] : []),
    ...(goNext.has(backup.name) ? [list.goesNext] : []),
  ].join(' · ');
}

/** Evenly from the oldest to the newest; those that are out of the ordinary stay, as far as they are few. */
function thinned(backups: readonly Backup[]): readonly Backup[] {
  if (backups.length <= MAX_DOTS) return backups;
  const step = (backups.length - 1) / (MAX_DOTS - 1);
  const chosen = new Set(Array.from({ length: MAX_DOTS }, (_, i) => backups[Math.round(i * step)]!));
  const special = backups.filter(({ problem, protected: kept }) => problem || kept);
  for (const backup of special.slice(-MAX_SPECIAL)) chosen.add(backup);
  return backups.filter((backup) => chosen.has(backup));
}

function share(value: number, from: number, to: number): number {
  return to === from ? 0.5 : (value - from) / (to - from);
}

/** The next size that is easy to read: 1, 2, 5, 10 … of a unit. */
function niceCeiling(bytes: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const inUnit = bytes / unit;
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024];
  return unit * steps.find((step) => step >= inUnit)!;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
