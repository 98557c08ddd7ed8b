'use strict';
// SVG by hand: horizontal bars, and lines on logarithmic axes. Colours that can be read on white and on black.

const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;font-size:15px}.o{fill:#2f81f7;stroke:#2f81f7}' +
  '.p{fill:#8b949e;stroke:#8b949e}.a{stroke:#8b949e;stroke-opacity:.4}polyline{fill:none!important;stroke-width:2}' +
  '@media(prefers-color-scheme:dark){text{fill:#adbac7}}';
const WIDTH = 760;
const NAMES = 300;

/** @param rows `{ name, value, ours }`; the shortest bar is still to be seen */
exports.bars = (title, unit, rows) => {
  const most = Math.max(...rows.map(({ value }) => value));
  const room = WIDTH - NAMES - 100;
  const lines = rows.map(({ name, value, ours }, i) => {
    const y = 44 + i * 26;
    const width = Math.max(1, (room * value) / most);
    return (
      `<text x="${NAMES - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>` +
      `<rect class="${ours ? 'o' : 'p'}" x="${NAMES}" y="${y}" width="${width.toFixed(1)}" height="18" rx="2"/>` +
      `<text x="${(NAMES + width + 6).toFixed(1)}" y="${y + 13}">${inWords(value)} ${unit}</text>`
    );
  });
  return svg(title, 56 + rows.length * 26, lines);
};

/** @param series `{ name, ours, points: [[x, y]] }`, both axes logarithmic @param ticks `[[x, text]]` */
exports.lines = (title, unit, series, ticks) => {
  const [left, right, top, bottom] = [80, 520, 44, 300];
  const all = series.flatMap(({ points }) => points);
  const scale = (pick, from, to) => {
    const logs = all.map((point) => Math.log10(pick(point)));
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    return (value) => from + ((to - from) * (Math.log10(value) - low)) / (high - low || 1);
  };
  const x = scale(([value]) => value, left, right);
  const y = scale(([, value]) => value, bottom, top);
  const [low, high] = [Math.min, Math.max].map((of) => Math.log10(of(...all.map(([, value]) => value))));
  const powers = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => 10 ** (Math.ceil(low) + i));
  const ends = placed(series.map(({ points }) => y(points.at(-1)[1])));
  return svg(title, bottom + 40, [
    ...powers.map((value) => `<path class="a" d="M${left} ${y(value).toFixed(1)}H${right}"/>` + `<text x="${left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${inWords(value)} ${unit}</text>`), // prettier-ignore
    ...ticks.map(([value, text]) => `<text x="${x(value).toFixed(1)}" y="${bottom + 24}" text-anchor="middle">${text}</text>`), // prettier-ignore
    ...series.map(({ name, ours, points }, i) => {
      const line = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(' ');
      return `<polyline class="${ours ? 'o' : 'p'}" points="${line}"/><text x="${right + 8}" y="${(ends[i] + 4).toFixed(1)}">${escaped(name)}</text>`;
    }),
  ]);
};

/** Names beside the ends of their lines, moved apart where they would lie on one another. */
function placed(wanted) {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let free = -Infinity;
  for (const each of order) free = (each.y = Math.max(each.y, free)) + 16;
  return order.sort((a, b) => a.i - b.i).map(({ y }) => y);
}

function svg(title, height, parts) {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`;
  return [
    head,
    `<style>${STYLE}</style>`,
    `<text class="t" x="8" y="22">${escaped(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function inWords(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)));
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
