import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import type { Html, View } from './view.js';

const WIDTH = 640;
const HEIGHT = 170;
/** For `512 kB` in the larger type of a phone. */
const LEFT = 78;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;
/** More would not be seen, and be slow to draw. */
const MAX_POINTS = 200;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Size over time as a line. An SVG of attributes only: the page allows no inline styles. */
export function sizeChart(view: View, backups: readonly Backup[]): Html | '' {
  const { texts } = view;
  const { format } = texts;
  const whole = backups.filter(({ problem }) => !problem).toReversed();
  const shown = thinned(whole);
  if (shown.length < 2) return '';
  const sizes = shown.map(({ sizeBytes }) => sizeBytes);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const [first, last] = [shown[0]!.createdAt, shown.at(-1)!.createdAt];
  const top = niceCeiling(largest);
  const points = shown.map(({ createdAt, sizeBytes }) => ({
    x: LEFT + share(createdAt.getTime(), first.getTime(), last.getTime()) * (WIDTH - LEFT - RIGHT),
    y: HEIGHT - BOTTOM - (sizeBytes / top) * (HEIGHT - TOP - BOTTOM),
  }));
  const base = HEIGHT - BOTTOM;
  const area = `M${points[0]!.x},${base} ${points.map(at).join(' ')} L${points.at(-1)!.x},${base} Z`;
  const alt = texts.sizeChartAlt(
    format.number(whole.length),
    format.day(first),
    format.day(last),
    format.size(smallest),
    format.size(largest),
  );
  return html`<figure class="card chart">
    <figcaption>${texts.sizeChart}</figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${alt}">
      ${[0, 0.5, 1].map((part) => {
        const y = base - part * (HEIGHT - TOP - BOTTOM);
        return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" />
          <text class="axis" x="${LEFT - 8}" y="${y + 4}" text-anchor="end"
            >${part === 0 ? '0' : format.size(part * top)}</text
          >`;
      })}
      <path class="area" d="${area}" />
      <polyline class="line" points="${points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')}" />
      ${points.length > 60 ? '' : points.map(({ x, y }) => html`<circle class="dot" cx="${round(x)}" cy="${round(y)}" r="3" />`)}
      <text class="axis" x="${LEFT}" y="${HEIGHT - 6}">${format.day(first)}</text>
      <text class="axis" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${format.day(last)}</text>
    </svg>
  </figure>`;
}

function thinned(backups: readonly Backup[]): readonly Backup[] {
  if (backups.length <= MAX_POINTS) return backups;
  const step = (backups.length - 1) / (MAX_POINTS - 1);
  return Array.from({ length: MAX_POINTS }, (_, i) => backups[Math.round(i * step)]!);
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

function at({ x, y }: Point): string {
  return `L${round(x)},${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
