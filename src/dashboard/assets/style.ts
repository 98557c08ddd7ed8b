/** The whole look, in light and dark: colours first, then from top to bottom of the page. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #fff; --text: #111827; --soft: #4b5563; --line: #d8dce2; --edge: #7b8594; --link: #1d4ed8;
  --good: #12703a; --good-soft: #e7f6ec; --warn: #a14a06; --warn-soft: #fdf1dc; --bad: #b91c1c; --bad-soft: #fdeaea;
  --on-strong: #fff; --chart: #2563eb; --w0: #e3e6ea; --w1: #86cfa0; --w2: #15803d; --shadow: 0 1px 2px #0000000f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #181c23; --text: #e8ebf0; --soft: #a3adba; --line: #2d3440; --edge: #6b7687; --link: #8ab4ff;
    --good: #4ade80; --good-soft: #10291a; --warn: #fbbf24; --warn-soft: #2e230a; --bad: #f87171; --bad-soft: #331416;
    --on-strong: #0e1116; --chart: #7aa7ff; --w0: #262c35; --w1: #2f7a4b; --w2: #4ade80; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; display: flex; flex-direction: column; gap: 20px; }
main > * { margin: 0; }
h1, h2, p, figure, dl, dd, ul { margin: 0; }
h1 { font-size: 1.35rem; line-height: 1.3; }
h1 small { display: inline-block; }
h2 { font-size: 1.05rem; }
small { color: var(--soft); font-size: .85rem; font-weight: 400; }
a { color: var(--link); text-underline-offset: 3px; }
code { font: .85rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
:focus-visible, input[type=date]:focus-within { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 18px 20px; box-shadow: var(--shadow); }
.top { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: baseline; justify-content: space-between; }
.chooser { display: flex; flex-wrap: wrap; gap: 6px; }
.chooser a { padding: 4px 12px; border: 1px solid var(--line); border-radius: 99px; text-decoration: none; }
.chooser a[aria-current] { background: var(--text); color: var(--page); border-color: var(--text); }

.banner { border-radius: 18px; border: 2px solid; overflow: hidden; }
.banner .head { display: flex; flex-wrap: wrap; align-items: center; gap: 14px 22px; padding: 24px 26px; }
.banner .say { flex: 1 1 300px; min-width: 0; }
.banner h2 { font-size: 1.6rem; line-height: 1.25; text-wrap: balance; }
.banner .say > p { margin-top: 2px; }
.acts { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
.acts form { display: flex; flex-wrap: wrap; gap: 10px; }
.acts input { width: 13em; }
.banner.good, .banner.good .head { background: var(--good-soft); border-color: var(--good); }
.banner.warning, .banner.warning .head { background: var(--warn-soft); border-color: var(--warn); }
.banner.bad, .banner.bad .head { background: var(--bad-soft); border-color: var(--bad); }
.banner.unknown, .banner.unknown .head { background: var(--card); border-color: var(--soft); }
.banner.good h2 { color: var(--good); } .banner.warning h2 { color: var(--warn); } .banner.bad h2 { color: var(--bad); }
.icon { width: 60px; height: 60px; flex: none; }
.icon .shield { fill: var(--soft); } .good .icon .shield { fill: var(--good); } .warning .icon .shield { fill: var(--warn); } .bad .icon .shield { fill: var(--bad); }
.icon .sign { fill: none; stroke: var(--on-strong); stroke-width: 4.5; stroke-linecap: round; stroke-linejoin: round; }
.checks { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 1px; background: var(--line); border-top: 1px solid var(--line); }
.checks li { flex: 1 1 230px; min-width: 0; padding: 14px 18px 16px; background: var(--card); overflow-wrap: anywhere; }
.checks li.warning { background: var(--warn-soft); } .checks li.bad { background: var(--bad-soft); }
.checks h3 { margin: 0; display: flex; align-items: center; gap: 7px; font-size: .82rem; font-weight: 600; letter-spacing: .03em; color: var(--soft); }
.checks .fact { font-weight: 650; margin-top: 3px; } .checks .more { color: var(--soft); font-size: .88rem; }
.checks .button { margin-top: 8px; }
.mark { width: 18px; height: 18px; flex: none; }
.mark circle { fill: var(--soft); } .good > h3 .mark circle { fill: var(--good); } .warning > h3 .mark circle { fill: var(--warn); } .bad > h3 .mark circle { fill: var(--bad); }
.mark path { fill: none; stroke: var(--on-strong); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.lost .checks, .lost .numbers, .lost .card { filter: grayscale(1); }
time, .number dd, td { font-variant-numeric: tabular-nums; }
.progress { margin-top: 12px; }
.progress p { font-weight: 600; }
progress { width: 100%; height: 14px; accent-color: var(--chart); }

.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; }
.number { padding: 14px 16px; }
.number dt { color: var(--soft); font-size: .85rem; }
.number dd { font-size: 1.12rem; font-weight: 650; }
.number dd small { display: block; }
.notes { border-left: 5px solid var(--warn); }
.notes ul { padding-left: 20px; }
.notes li, .facts dt, .flash p { overflow-wrap: anywhere; }

.row { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; justify-content: space-between; }
.row > p { color: var(--soft); font-size: .88rem; }
.picture { display: flex; flex-direction: column; gap: 12px; }
.picture svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); }
.axis { fill: var(--soft); font-size: 13px; }
.line { fill: none; stroke: var(--chart); stroke-width: 2; stroke-linejoin: round; opacity: .7; }
.area { fill: var(--chart); opacity: .12; }
.dot { fill: var(--chart); stroke: var(--card); stroke-width: 1; }
.dot.kept { fill: var(--text); } .dot.broken { fill: var(--bad); } .dot.going { fill: var(--card); stroke: var(--warn); stroke-width: 2.5; }
.hit { fill: transparent; }
svg a:hover .dot { stroke: var(--text); stroke-width: 3; }
details { min-width: 0; flex: 1 1 260px; }
summary { cursor: pointer; padding: 8px 0; color: var(--link); }
.moments { max-height: 16em; overflow-y: auto; padding-left: 0; list-style: none; }
.moments a { display: inline-block; padding: 3px 0; }
.goback, .search { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.goback input, .search input { min-height: 38px; padding: 5px 10px; }
.search { margin-top: 10px; }
.search input { flex: 1 1 200px; max-width: 320px; }
.chips { list-style: none; padding: 0; margin: 10px 0 0; display: flex; flex-wrap: wrap; gap: 8px; }
.chip { display: inline-block; padding: 4px 12px; border: 1px solid var(--edge); border-radius: 99px; text-decoration: none; color: var(--text); font-size: .9rem; }
.chip span { color: var(--soft); font-variant-numeric: tabular-nums; }
.chip[aria-current] { background: var(--text); color: var(--page); border-color: var(--text); }
.chip[aria-current] span { color: inherit; }
.several { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 12px 0 2px; border-top: 1px solid var(--line); }
.several span { color: var(--soft); }
.next { color: var(--soft); font-size: .9rem; padding-top: 10px; }
nav.more { display: flex; flex-wrap: wrap; gap: 6px 20px; align-items: baseline; }
.chosen, .why { margin: 0; padding-left: 20px; overflow-wrap: anywhere; }
.why { list-style: none; padding: 0; }
.why li { display: flex; flex-wrap: wrap; gap: 2px 20px; padding: 8px 0; border-top: 1px solid var(--line); }
.why a { flex: none; width: 12.5em; font-variant-numeric: tabular-nums; }
.why span { flex: 1 1 16em; min-width: 0; }

.scroll { overflow-x: auto; margin: 8px -20px 0; padding: 0 20px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 10px 12px 10px 0; text-align: left; vertical-align: middle; border-top: 1px solid var(--line); font-weight: 400; }
thead th { border-top: 0; white-space: nowrap; font-size: .85rem; }
thead a { color: var(--soft); text-decoration: none; padding: 6px 0; display: inline-block; }
thead a:hover, thead [aria-sort] a { color: var(--text); text-decoration: underline; }
.arrow { font-size: .7rem; margin-left: 4px; }
tbody th { white-space: nowrap; }
tbody th small { display: block; }
td small { display: block; }
td.label { overflow-wrap: anywhere; width: 50%; }
.tags { display: inline-flex; flex-wrap: wrap; gap: 4px; margin-top: 2px; }
td.size, th.size { text-align: right; white-space: nowrap; }
.backups { margin-top: 8px; }
.day th { padding: 16px 0 6px; color: var(--soft); font-size: .85rem; font-weight: 600; border: 0; }
.choose { width: 44px; }
.choose label { display: grid; place-items: center; width: 32px; height: 32px; cursor: pointer; }
.choose input { min-height: 0; width: 20px; height: 20px; margin: 0; accent-color: var(--text); }
td.actions { white-space: nowrap; text-align: right; padding-right: 0; }
.activity { list-style: none; padding: 0; margin-top: 8px; }
.activity li { display: flex; flex-wrap: wrap; gap: 2px 20px; padding: 10px 0; border-top: 1px solid var(--line); }
.activity time { flex: none; width: 11.5em; color: var(--soft); font-variant-numeric: tabular-nums; }
.activity p { flex: 1 1 18em; min-width: 0; overflow-wrap: anywhere; }
.activity small { display: block; }
strong.bad { color: var(--bad); }
.empty { color: var(--soft); padding-top: 8px; }
.tag { display: inline-block; padding: 1px 10px; border-radius: 14px; max-width: 100%; font-size: .85rem; font-weight: 600; border: 1px solid currentColor; }
.tag.good { color: var(--good); background: var(--good-soft); } .tag.bad { color: var(--bad); background: var(--bad-soft); }
.tag.unknown { color: var(--soft); } .tag.warning { color: var(--warn); background: var(--warn-soft); } .tag.plain { color: var(--soft); font-weight: 400; }
.pages { display: flex; gap: 16px; align-items: center; justify-content: center; padding-top: 14px; border-top: 1px solid var(--line); }

.button { display: inline-block; font: inherit; font-weight: 600; padding: 10px 18px; min-height: 44px; border-radius: 10px; border: 1px solid var(--edge); background: var(--card); color: var(--text); text-decoration: none; cursor: pointer; white-space: nowrap; }
.button:hover { border-color: var(--soft); }
.button.primary { background: var(--text); color: var(--page); border-color: var(--text); }
.button.primary:hover { opacity: .88; }
.button.danger { color: var(--bad); border-color: var(--bad); }
.button.small { padding: 5px 12px; min-height: 34px; font-size: .9rem; }
.button:disabled, .button[aria-disabled] { opacity: .55; cursor: default; }
.button.off { color: var(--soft); font-weight: 400; cursor: default; }
.busy { cursor: progress; }
.bar { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
select, input, textarea { font: inherit; min-height: 44px; padding: 8px 12px; border-radius: 10px; border: 1px solid var(--soft); background: var(--card); color: var(--text); max-width: 100%; }
.ask { display: flex; flex-direction: column; gap: 14px; max-width: 640px; }
.ask form { display: flex; flex-direction: column; gap: 12px; align-items: stretch; }
.ask form.bar, .ask .bar { flex-direction: row; align-items: center; }
.ask input { width: 100%; font-family: ui-monospace, "DejaVu Sans Mono", monospace; }

.todo { list-style: none; padding-top: 4px; padding-bottom: 4px; }
.todo:not(.card) { padding-left: 0; }
.todo li > div { min-width: 0; overflow-wrap: anywhere; }
.todo li { display: flex; gap: 12px 24px; align-items: center; justify-content: space-between; padding: 16px 0; }
.todo li + li { border-top: 1px solid var(--line); }
.todo p { color: var(--soft); }
.todo form { display: flex; gap: 8px; flex: none; max-width: 100%; }
.todo .button { flex: none; }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 14px 24px; margin-top: 16px; }
.facts > div { min-width: 0; }
.facts dt { color: var(--soft); font-size: .85rem; }
.facts dd { overflow-wrap: anywhere; }
.problems { margin-top: 14px; padding-left: 20px; color: var(--bad); }
.flash { border-radius: 14px; padding: 14px 20px; border: 1px solid; font-weight: 600; }
.flash.good { color: var(--good); background: var(--good-soft); } .flash.bad { color: var(--bad); background: var(--bad-soft); }
.flash h2, .flash dl { color: var(--text); font-weight: 400; } .flash h2 { margin-top: 12px; font-weight: 650; }
.flash { position: relative; padding-right: 52px; }
.flash .more { font-weight: 400; color: var(--text); }
.flash .close { position: absolute; top: 6px; right: 8px; width: 36px; height: 36px; display: grid; place-items: center; color: inherit; text-decoration: none; font-size: 1.4rem; }
p.warning { border-left: 4px solid var(--bad); padding-left: 12px; }
.job textarea { display: block; width: 100%; font: .95rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; resize: vertical; }
.answers td { vertical-align: top; overflow-wrap: anywhere; min-width: 5em; }
.odd { color: var(--soft); }
.rows { list-style: none; padding: 0; }
.job .button { white-space: normal; max-width: 100%; }
.job:not(.ask) > * + *, .job:not(.ask) > form > * + * { margin-top: 12px; }
.job form.bar > * + * { margin-top: 0; }
.job p { overflow-wrap: anywhere; }
.rows li { border-top: 1px solid var(--line); padding: 10px 0; overflow-wrap: anywhere; }
.rows label { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.rows input { min-height: 24px; width: 24px; }
.rows dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 100%), 1fr)); gap: 6px 24px; }
.rows dt { color: var(--soft); font-size: .85rem; }
.rows dd span { margin-right: 10px; }
.phases { margin: 0; padding-left: 24px; }
.phases .next { color: var(--soft); } .phases .now { font-weight: 650; } .phases .past { color: var(--good); }
.jobs .button { margin-left: 8px; }
.services { list-style: none; padding: 0; display: grid; gap: 12px; }
.services a { font-size: 1.15rem; font-weight: 650; margin-right: 12px; }

/* A till is often a tablet: below this, the list is cards. */
@media (max-width: 960px) {
  .scroll { margin: 0; padding: 0; overflow: visible; }
  table, tbody, tr, td, tbody th { display: block; }
  thead tr { display: flex; flex-wrap: wrap; gap: 0 16px; border: 0; }
  thead th { padding: 0; width: auto; }
  .changes thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { border-top: 1px solid var(--line); padding: 12px 0; }
  tbody th, td { border: 0; padding: 2px 0; }
  td[data-name] { display: flex; gap: 8px; }
  .answers td.size { text-align: left; white-space: normal; }
  td[data-name]::before { content: attr(data-name); color: var(--soft); min-width: 5.5em; flex: none; }
  .backups tbody tr { display: grid; grid-template: "time time choose" auto "label label label" auto "size size size" auto "actions actions actions" auto / minmax(0, 1fr) auto auto; gap: 2px 12px; align-items: center; border: 1px solid var(--line); border-radius: 12px; padding: 8px 14px 12px; margin-top: 8px; }
  .backups tbody th { grid-area: time; } .backups td.size { grid-area: size; } .backups td.choose { grid-area: choose; width: auto; padding: 0; }
  .backups td.label { grid-area: label; min-width: 0; } .backups td.actions { grid-area: actions; }
  .backups tbody tr.day { display: block; border: 0; padding: 10px 0 0; margin: 0; }
  .backups tr.day th { padding: 0; }
  .backups td[data-name]::before { content: none; }
  td.label { width: auto; flex-wrap: wrap; }
  td.actions { display: flex; flex-wrap: wrap; gap: 8px; padding-top: 8px; }
  td.actions .button { flex: 1; text-align: center; }
}
@media (min-width: 560px) and (max-width: 960px) {
  .checks li { flex-basis: 40%; }
  .backups tbody tr { grid-template: "time label size choose" auto "actions actions actions actions" auto / 9em minmax(0, 1fr) auto auto; }
}
@media (max-width: 760px) {
  main { padding: 14px 12px 48px; gap: 14px; }
  .card { padding: 14px; }
  .banner .head { gap: 12px 14px; padding: 16px; }
  .banner .say { flex-basis: 200px; }
  .acts, .acts form { flex: 1 1 100%; } .acts .button, .acts input { flex: 1 1 100%; text-align: center; width: 100%; }
  .acts input { text-align: left; }
  .banner h2 { font-size: 1.3rem; }
  .icon { width: 44px; height: 44px; }
  .numbers { grid-template-columns: repeat(auto-fit, minmax(min(140px, 100%), 1fr)); }
  .number:first-child { grid-column: 1 / -1; }
  .axis { font-size: 27px; }
  .dot { stroke-width: 2; r: 9px; }
  .todo li { flex-direction: column; align-items: stretch; }
  .todo form { flex-direction: column; }
  .todo .button { text-align: center; }
  .button { white-space: normal; }
  .backups tbody th { white-space: normal; } .backups tbody th small { display: inline-block; margin-left: 6px; }
}
@media (forced-colors: active) {
  .banner, .card, .button, .tag, .checks li { border: 1px solid CanvasText; }
  .icon .shield, .mark circle { fill: CanvasText !important; } .icon .sign, .mark path { stroke: Canvas; }
}
@media print { form, .actions, .pages { display: none; } }
`;
