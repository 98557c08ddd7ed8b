import { html } from 'hono/html';
import type { Backup, RestoreReport } from '../../index.js';
import { adviceFor, newestGood, permitted } from '../advice.js';
import { saidFor } from '../jobs/answers.js';
import { RIGHT_OF } from '../jobs/job.js';
import type { Job, Outcome } from '../jobs/job.js';
import { phasesOf } from '../jobs/phases.js';
import type { ServiceView } from '../service-view.js';
import { reasonFor } from '../texts/index.js';
import type { Texts } from '../texts/index.js';
import { markedAgeOf, withAges } from './ages.js';
import { changes, planAgain, recovery } from './changes.js';
import { flash } from './flash.js';
import { layout } from './layout.js';
import { facts } from './parts.js';
import { answer, queryForm } from './query.js';
import { copiesList } from './stores.js';
import { linkHome, linkTo } from './view.js';
import type { Html, View } from './view.js';

/** A page without a script looks again after so many seconds. */
const REFRESH_S = 2;

/** The page of a job: how far it is, then what it came to. */
export function jobPage(view: View, serviceView: ServiceView, job: Job, backups: readonly Backup[]): Html {
  const { texts } = view;
  const running = job.state === 'running';
  const body = html`${linkHome(view)} ${flash(view, backups)}
    <section class="card job ${['diff', 'copies', 'query'].includes(job.kind) ? '' : 'ask'}" aria-labelledby="title">
      <h1 id="title">${sayJob(job, texts)}</h1>
      ${running ? underWay(view, job) : result(view, job, backups)}
    </section>`;
  return layout(view, {
    title: `${sayJob(job, texts)} · ${serviceView.title(texts)}`,
    level: running ? 'warning' : isGood(job) ? 'good' : 'bad',
    live: `${view.home}api/events`,
    refresh: running ? REFRESH_S : undefined,
    body,
  });
}

/** What a job does or has come to, in one sentence. */
function sayJob({ kind, state, outcome }: Job, { jobs }: Texts): string {
  if (state === 'running') return jobs.running[kind];
  if (state === 'cancelled') return jobs.cancelled;
  if (state === 'failed') return jobs.failed[kind];
  return jobs.done[outcome?.kind === 'verify' && !outcome.report.ok ? 'unsound' : kind];
}

function isGood({ state, outcome }: Job): boolean {
  return state === 'done' && !(outcome?.kind === 'verify' && !outcome.report.ok);
}

function underWay(view: View, { id, kind, name, startedAt, phase, progress }: Job): Html {
  const { texts, rights } = view;
  const { jobs, format } = texts;
  const { doneBytes, totalBytes } = progress;
  const phases = phasesOf(kind);
  return html`<p>
      ${name === undefined ? '' : jobs.of(name)} ${withAges(jobs.since(markedAgeOf(view, startedAt)))}
      ${kind === 'restore' ? jobs.doNotUse : ''}
    </p>
    <ol class="phases">
      ${phases.map((each, i) => {
        const state = i < phase ? 'past' : i === phase ? 'now' : 'next';
        const said = state === 'past' ? jobs.phaseDone : state === 'now' ? jobs.phaseNow : '';
        return html`<li class="${state}" ${state === 'now' ? html`aria-current="step"` : ''}>
          ${jobs.phases[each]}${said ? html` <small>${said}</small>` : ''}
        </li>`;
      })}
    </ol>
    <div id="job" data-id="${id}" data-phase="${phase}">
      <progress
        id="job-bar"
        aria-label="${jobs.running[kind]}"
        ${totalBytes > 0 ? html`max="${totalBytes}" value="${doneBytes}"` : ''}
      ></progress>
      <p id="job-percent" aria-hidden="true">
        ${totalBytes > 0 ? texts.progress(format.size(doneBytes), format.size(totalBytes)) : ''}
      </p>
    </div>
    <div class="bar">
      ${
        rights[RIGHT_OF[kind]]
          ? html`<form method="post" action="${view.home}jobs/${id}/cancel" data-busy>
              <button class="button">${jobs.cancel}</button>
            </form>`
          : ''
      }
      <small>${jobs.goesOn}</small>
    </div>`;
}

function result(view: View, job: Job, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { name, code } = job;
  const listed = backups.find((backup) => backup.name === name);
  const { said } = saidFor(job, view.rights);
  return html`${code !== undefined && job.state === 'failed' && said === undefined ? trouble(view, code, backups) : ''}
    ${said === undefined ? '' : html`<p class="tag bad">${said}</p>`}
    ${job.kind === 'upload' && said !== undefined ? html`<p><a class="button" href="${view.home}upload">${texts.upload.link}</a></p>` : ''}
    ${job.kind === 'query' && !job.outcome && name !== undefined && view.rights.browse ? queryForm(view, name, job.sql ?? '') : ''}
    ${code === 'ERR_BACKUP_RECOVER_PLAN' && view.rights.recover ? planAgain(view, job) : ''}
    ${job.outcome ? outcome(view, job, job.outcome, listed, backups) : ''}
    <div class="bar">
      ${listed ? html`<a class="button" href="${linkTo(view, listed.name)}" aria-label="${texts.detailsOf(listed.name)}">${texts.details}</a>` : ''}
      <a class="button" href="${view.home}">${texts.back}</a>
    </div>`;
}

/** Why it failed, what to do, and the one button that can help. */
export function trouble(view: View, code: string, backups: readonly Backup[]): Html {
  const { texts, rights } = view;
  const { kind, action } = adviceFor(code);
  const good = newestGood(backups);
  const target =
    action === 'go-back'
      ? good && linkTo(view, good.name, '/restore')
      : action === 'make-room'
        ? `${view.home}?sort=date&order=asc#backups`
        : view.home;
  return html`<p class="tag bad">${reasonFor(code, texts)}</p>
    <p>${texts.advice[kind]}</p>
    ${
      action && target !== undefined && permitted(action, rights)
        ? html`<p><a class="button" href="${target}">${texts.adviceButtons[action]}</a></p>`
        : ''
    }`;
}

function outcome(
  view: View,
  job: Job,
  came: Outcome,
  listed: Backup | undefined,
  backups: readonly Backup[],
): Html | '' {
  const { texts } = view;
  switch (came.kind) {
    case 'backup':
      return listed ? html`<p>${texts.done.created(listed.name)}</p>` : '';
    case 'verify':
      return listed
        ? html`<p>${came.report.ok ? texts.done.verified(listed.name) : texts.done.unsound(listed.name)}</p>`
        : '';
    case 'restore':
      return restored(view, came.report, listed, backups);
    case 'diff':
      return view.rights.browse ? changes(view, job, came.diff, came.skip) : html`<p>${texts.rows.hidden}</p>`;
    case 'several':
    case 'pull':
    case 'upload':
      return '';
    case 'query':
      return view.rights.browse ? answer(view, job, came.result) : html`<p>${texts.rows.hidden}</p>`;
    case 'copies':
      return view.rights.create ? copiesList(view, came, backups) : '';
    case 'plan':
      return view.rights.recover ? recovery(view, job, came.report) : html`<p>${texts.rows.hidden}</p>`;
    case 'recover':
      return view.rights.recover
        ? html`${recovery(view, job, came.report)} ${undo(view, came.report.safetyBackup, backups, texts.rows.undoNote)}`
        : html`<p>${texts.rows.hidden}</p>`;
  }
}

function restored(view: View, report: RestoreReport, from: Backup | undefined, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { format } = texts;
  const safety = backups.find(({ name }) => name === report.safetyBackup);
  return html`<p>${texts.done.restored(report.name)}</p>
    ${facts([
      [texts.taken, from && format.date(from.createdAt)],
      [texts.columns.size, format.size(report.sizeBytes)],
      [texts.reportMethod, texts.reportMethods[report.method]],
      [texts.reportSafety, safety && html`<a href="${linkTo(view, safety.name)}">${safety.name}</a>`],
      [texts.reportTime, format.seconds(report.durationMs)],
    ])}
    ${undo(view, report.safetyBackup, backups)}`;
}

/** Leads to the restore of the backup that was taken before. */
function undo(
  view: View,
  safety: string | undefined,
  backups: readonly Backup[],
  note: (name: string) => string = view.texts.jobs.undoNote,
): Html | '' {
  const { texts, rights } = view;
  const backup = backups.find(({ name }) => name === safety);
  if (!backup || !rights.restore) return '';
  return html`<p>${note(backup.name)}</p>
    <p><a class="button danger" href="${linkTo(view, backup.name, '/restore')}">${texts.jobs.undo}</a></p>`;
}

/** How long a finished restore is still told on the overview. */
const TOLD_MS = 3_600_000;

/** On the overview: what runs now, and restores that have just ended, for everybody who looks. */
export function jobsCard(view: View, { operations }: ServiceView): Html | '' {
  const { texts, now } = view;
  const { jobs } = texts;
  const shown = operations.jobs.list.filter(
    ({ state, kind, endedAt }) =>
      state === 'running' || (kind === 'restore' && endedAt && endedAt.getTime() > now - TOLD_MS),
  );
  if (shown.length === 0) return '';
  return html`<section class="card notes jobs" aria-labelledby="jobs-title">
    <h2 id="jobs-title">
      ${shown.every(({ endedAt }) => endedAt) ? jobs.recent : shown.some(({ endedAt }) => endedAt) ? jobs.both : jobs.title}
    </h2>
    <ul>
      ${shown.map(
        (job) =>
          html`<li>
            ${
              job.endedAt
                ? withAges(jobs.ended(sayJob(job, texts), markedAgeOf(view, job.endedAt)))
                : html`${sayJob(job, texts)}. ${job.name === undefined ? '' : jobs.of(job.name)}`
            }
            <a href="${view.home}jobs/${job.id}">${job.endedAt ? jobs.result : jobs.look}</a>
          </li>`,
      )}
    </ul>
  </section>`;
}
