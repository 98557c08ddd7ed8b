import { html } from 'hono/html';
import type { Backup, ServiceStatus } from '../../index.js';
import type { Look, Seen, ServiceView } from '../service-view.js';
import { verdict } from '../../index.js';
import { ageOf } from './ages.js';
import { banner, offersBackup } from './banner.js';
import { flash } from './flash.js';
import { jobsCard } from './job.js';
import { layout } from './layout.js';
import { offsiteCard } from './offsite.js';
import { picture } from './picture.js';
import { goesNext } from './rules.js';
import { backupTable } from './table.js';
import type { Html, View } from './view.js';

/** The page: the verdict, numbers, pictures, and the table below. */
export function overviewPage(view: View, serviceView: ServiceView, look: Look, others: Html | ''): Html {
  const { texts } = view;
  const { status } = look;
  const judged = verdict(status ?? look.error, view.now);
  const backups = status ? look.backups : [];
  const said = flash(view, backups);
  const running = isRunning(serviceView, status);
  const body = html`<header class="top">
      <h1>${serviceView.title(texts)}</h1>
      ${others}
    </header>
    ${said} ${jobsCard(view, serviceView)} ${banner(view, { judged, backups, running })}
    ${status ? withBackups(view, serviceView, look, offersBackup(view, judged)) : ''}`;
  return layout(view, {
    title: `${texts.level[judged.level]} · ${serviceView.title(texts)}`,
    level: judged.level,
    live: `${view.home}api/events`,
    // Without a script, the page asks again for the look at the database that it did not wait for. Not while it says what came of an
    // action, which it says once.
    refresh: running || (said === '' && isLooking(status)) ? 3 : undefined,
    body,
  });
}

function isRunning(serviceView: ServiceView, status: ServiceStatus | undefined): boolean {
  return serviceView.operations.running !== undefined || status?.inProgress !== undefined;
}

function isLooking(status: ServiceStatus | undefined): boolean {
  return (
    status !== undefined && status.due.reason !== 'disabled' && !status.database.lookedAt && !status.database.error
  );
}

function withBackups(view: View, { service }: ServiceView, seen: Seen, hasButton: boolean): Html {
  const { status, backups, goNext } = seen;
  const { texts, home, rights } = view;
  const going = new Set(goNext.map(({ name }) => name));
  return html`${numbers(view, status, backups)} ${warnings(view, status, backups)} ${offsiteCard(view, status)}
    ${picture(view, backups, going)}
    <section id="backups" class="card" aria-labelledby="backups-title">
      <h2 id="backups-title">${texts.backups}</h2>
      ${
        backups.length > 0
          ? backupTable(view, backups, going)
          : html`<p class="empty">${hasButton ? texts.noBackupsButton : texts.noBackups}</p>`
      }
      ${backups.length > 0 ? html`<p class="next">${goesNext(view, goNext)}</p>` : ''}
    </section>
    <nav class="more">
      <a href="${home}activity">${texts.activity.title}</a> <a href="${home}rules">${texts.rules.title}</a>
      ${rights.create && service.copies.length > 0 ? html`<a href="${home}copies">${texts.pull.link}</a>` : ''}
      ${rights.restore ? html`<a href="${home}upload">${texts.upload.link}</a>` : ''}
      <small>${texts.picture.zone(texts.format.zone)}</small>
    </nav>`;
}

function numbers(view: View, status: ServiceStatus, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { format } = texts;
  const { latest, due, database } = status;
  const number = (name: string, value: string, note?: string | Html): Html =>
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
        ? number(texts.nextBackup, format.date(due.dueAt), ageOf(view, due.dueAt))
        : number(texts.nextBackup, texts.nextNow)
    }
    ${number(texts.databaseSize, database.sizeBytes === undefined ? texts.noDatabase : format.size(database.sizeBytes))}
    ${number(texts.used, format.size(status.backupBytes), count)}
    ${number(texts.space, status.freeBytes === undefined ? texts.unknown : format.size(status.freeBytes))}
  </dl>`;
}

function warnings({ texts }: View, status: ServiceStatus, backups: readonly Backup[]): Html | '' {
  const { database, latest } = status;
  // One that nobody has looked at yet is none that could not be looked at.
  const isUnread = database.journalMode === undefined && database.sizeBytes !== undefined && !isLooking(status);
  const list = [
    ...(isUnread ? [texts.databaseUnread] : []),
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
