import { html } from 'hono/html';
import type { Backup, ServiceStatus } from '../../index.js';
import type { Look, ServiceView } from '../service-view.js';
import { sayVerdict } from '../texts/say.js';
import { judge } from '../verdict.js';
import type { Verdict } from '../verdict.js';
import { sizeChart } from './chart.js';
import { flash } from './flash.js';
import { jobsCard } from './job.js';
import { layout } from './layout.js';
import { offsiteCard } from './offsite.js';
import { backupTable } from './table.js';
import type { Html, View } from './view.js';
import { weekStrip } from './weeks.js';

/** The page: one sentence and a colour, numbers, pictures, and the table below. */
export function overviewPage(view: View, serviceView: ServiceView, look: Look, others: Html | ''): Html {
  const { texts } = view;
  const { status } = look;
  const verdict: Verdict = status ? judge(status) : { level: 'bad', kind: 'unreadable', code: look.code };
  const running = isRunning(serviceView, status);
  const body = html`<header class="top">
      <h1>${serviceView.title(texts)}</h1>
      ${others}
    </header>
    ${flash(view, status ? look.backups : [])} ${jobsCard(view, serviceView)} ${banner(view, verdict, running)}
    ${status ? withBackups(view, status, look.backups) : ''}`;
  return layout(view, {
    title: `${texts.level[verdict.level]} · ${serviceView.title(texts)}`,
    level: verdict.level,
    live: `${view.home}api/events`,
    refresh: running ? 3 : undefined,
    body,
  });
}

function isRunning(serviceView: ServiceView, status: ServiceStatus | undefined): boolean {
  return serviceView.operations.running !== undefined || status?.inProgress !== undefined;
}

function banner(view: View, verdict: Verdict, running: boolean): Html {
  const { texts, rights } = view;
  const { level } = verdict;
  return html`<section class="banner ${level}" aria-labelledby="verdict">
    ${ICONS[level]}
    <div class="say">
      <h2 id="verdict">${sayVerdict(verdict, texts, view.now)}</h2>
      ${level === 'bad' ? html`<p>${advice(view, verdict)}</p>` : ''}
      <div id="progress" class="progress" ${progressTexts(view)} ${running ? '' : html`hidden`}>
        <p>
          <span id="progress-text" role="status">${texts.running}</span>
          <span id="progress-percent" aria-hidden="true"></span>
        </p>
        <progress id="progress-bar" aria-label="${texts.running}"></progress>
      </div>
    </div>
    ${
      rights.create
        ? html`<form method="post" action="${view.home}backups" data-live-form>
            <button class="button primary" ${running ? html`disabled` : ''}>${texts.backUpNow}</button>
          </form>`
        : ''
    }
  </section>`;
}

/** The advice for this reader, with the buttons that the reader may use. */
function advice({ texts, rights }: View, { kind }: Verdict): string {
  if (kind === 'missing') return `${texts.ask}${rights.restore ? ` ${texts.onMissing}` : ''}`;
  return rights.create ? texts.onFire : texts.ask;
}

/** The text of each step, for the script. */
function progressTexts({ texts }: View): Html {
  const { lock, copy, verify, publish } = texts.steps;
  return html`data-text="${texts.running}" data-textrestore="${texts.jobs.running.restore}" data-textlock="${lock}"
  data-textcopy="${copy}" data-textverify="${verify}" data-textpublish="${publish}"`;
}

function withBackups(view: View, status: ServiceStatus, backups: readonly Backup[]): Html {
  const { texts } = view;
  return html`${numbers(view, status, backups)} ${warnings(view, status, backups)} ${offsiteCard(view, status)}
    ${
      backups.length > 0
        ? html`<div class="pictures">${sizeChart(view, backups)} ${weekStrip(view, backups)}</div>`
        : ''
    }
    <section id="backups" class="card" aria-labelledby="backups-title">
      <h2 id="backups-title">${texts.backups}</h2>
      ${backupTable(view, backups)}
    </section>
    <p class="more"><a href="${view.home}activity">${texts.activity.title}</a></p>`;
}

function numbers(view: View, status: ServiceStatus, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { format } = texts;
  const { latest, due, database } = status;
  const number = (name: string, value: string, note?: string): Html =>
    html`<div class="card number">
      <dt>${name}</dt>
      <dd>${value}${note === undefined ? '' : html`<small>${note}</small>`}</dd>
    </div>`;
  const count = backups.length === 1 ? texts.usedOne : texts.usedOf(format.number(backups.length));
  return html`<dl class="numbers">
    ${
      latest
        ? number(texts.lastBackup, format.date(latest.createdAt), format.size(latest.sizeBytes))
        : number(texts.lastBackup, texts.never)
    }
    ${
      due.reason === 'fresh'
        ? number(texts.nextBackup, format.date(due.dueAt), format.age(due.dueAt, view.now))
        : number(texts.nextBackup, texts.nextNow)
    }
    ${number(texts.databaseSize, database.sizeBytes === undefined ? texts.noDatabase : format.size(database.sizeBytes))}
    ${number(texts.used, format.size(status.backupBytes), count)}
    ${number(texts.space, status.freeBytes === undefined ? texts.unknown : format.size(status.freeBytes))}
  </dl>`;
}

function warnings({ texts }: View, { database, latest }: ServiceStatus, backups: readonly Backup[]): Html | '' {
  const list = [
    ...(database.journalMode === undefined && database.sizeBytes !== undefined ? [texts.databaseUnread] : []),
    ...(database.journalMode !== undefined && database.journalMode !== 'wal' ? [texts.rollbackJournal] : []),
    ...backups.flatMap(({ name, problem }) =>
      problem ? [texts.problem(name, texts.problems[problem] ?? problem)] : [],
    ),
    ...(latest?.findings ? [texts.hasFindings(latest.name)] : []),
  ];
  if (list.length === 0) return '';
  return html`<section class="card notes" aria-labelledby="notes-title">
    <h2 id="notes-title">${texts.warnings}</h2>
    <ul>
      ${list.slice(0, 10).map((text) => html`<li>${text}</li>`)}
    </ul>
  </section>`;
}

const icon = (path: Html): Html =>
  html`<svg class="icon" viewBox="0 0 48 48" aria-hidden="true">
    <circle cx="24" cy="24" r="22" />
    ${path}
  </svg>`;

const ICONS: Readonly<Record<Verdict['level'], Html>> = {
  good: icon(html`<path d="M14 25 l7 7 l14 -15" />`),
  warn: icon(html`<path d="M24 13 v14 M24 33.5 v1" />`),
  bad: icon(html`<path d="M16 16 l16 16 M32 16 l-16 16" />`),
};
