import { html } from 'hono/html';
import type { Backup, ServiceStatus } from '../../index.js';
import { lossOf } from '../advice.js';
import type { ServiceView } from '../service-view.js';
import type { Job } from '../jobs/job.js';
import { ageOf, markedAgeOf, withAges } from './ages.js';
import { compareForm, tables } from './changes.js';
import { flash } from './flash.js';
import { layout } from './layout.js';
import { facts } from './parts.js';
import { verificationOf } from './table.js';
import type { Html, View } from './view.js';
import { linkHome, linkTo } from './view.js';

// The pages that ask before something is done that hurts.

export function deletePage(view: View, serviceView: ServiceView, backup: Backup, backups: readonly Backup[]): Html {
  const { name, createdAt } = backup;
  const { texts } = view;
  const loss = lossOf([name], backups);
  const body = html`${linkHome(view)}
    <section class="card ask" aria-labelledby="title">
      <h1 id="title">${texts.deleteTitle}</h1>
      <p>${withAges(texts.deleteText(name, markedAgeOf(view, createdAt)))}</p>
      ${loss ? html`<p class="warning"><strong>${texts.deleteLoss[loss]}</strong></p>` : ''}
      <form method="post" action="${linkTo(view, name, '/delete')}" data-busy class="bar">
        <button class="button danger">${texts.deleteYes}</button>
        <a class="button" href="${linkTo(view, name)}">${texts.cancel}</a>
      </form>
    </section>`;
  return layout(view, { title: `${texts.deleteTitle} · ${serviceView.title(texts)}`, level: 'warning', body });
}

/** A restore keeps the old database in a backup, and writes a new one beside it or over it: twice the larger of the two, at most. */
const ROOM_FACTOR = 2;
/** The state before is backed up, the backup is read, written and read back: each about as long as taking the backup took. */
const TIME_FACTOR = 4;

/** Step by step to a restore: which database, to which moment, what it costs, is the backup good, and then the word. */
export function restorePage(
  view: View,
  serviceView: ServiceView,
  backup: Backup,
  status: ServiceStatus | undefined,
): Html {
  const { createdAt, sizeBytes, manifest, problem } = backup;
  const { texts } = view;
  const { format, restorePage: say } = texts;
  const live = status?.database.sizeBytes;
  const needed = ROOM_FACTOR * Math.max(sizeBytes, live ?? 0);
  const file = serviceView.service.database.replace(/^.*[\\/]/, '');
  const body = html`${linkHome(view)} ${flash(view, [backup])}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${texts.restoreTitle}</h1>
      ${facts([
        [say.database, [file, serviceView.name].filter(Boolean).join(' · ')],
        [say.moment, html`${format.date(createdAt)} <small>${ageOf(view, createdAt)}</small>`],
        [
          say.size,
          html`${format.size(sizeBytes)} ${live === undefined ? '' : html`<small>${say.now(format.size(live))}</small>`}`,
        ],
        [say.room, status?.freeBytes === undefined ? undefined : room(view, status.freeBytes, needed)],
        [say.time, manifest && format.seconds(Math.max(1_000, TIME_FACTOR * manifest.durationMs))],
      ])}
      ${
        problem
          ? html`<p class="warning">
              ${say.broken} <span class="tag bad">${texts.problems[problem] ?? problem}</span>
            </p>`
          : ''
      }
    </section>
    ${checkFirst(view, backup)} ${view.rights.browse ? whatWouldChange(view, serviceView, backup) : ''}
    ${confirmation(view, backup, presentState(status))}`;
  return layout(view, { title: `${texts.restoreTitle} · ${serviceView.title(texts)}`, level: 'warning', body });
}

function room({ texts }: View, freeBytes: number, needed: number): Html {
  const { format, restorePage: say } = texts;
  return freeBytes < needed
    ? html`${format.size(freeBytes)} <span class="tag bad">${say.tight(format.size(needed))}</span>`
    : html`${format.size(freeBytes)}`;
}

function checkFirst(view: View, backup: Backup): Html {
  const { texts, rights } = view;
  const say = texts.restorePage;
  return html`<section class="card ask" aria-labelledby="check-title">
    <h2 id="check-title">${say.check}</h2>
    <p>${verificationOf(view, backup)}</p>
    ${
      rights.create
        ? html`<p>${say.checkNote}</p>
            <form method="post" action="${linkTo(view, backup.name, '/verify')}" data-busy class="bar">
              <input type="hidden" name="back" value="restore" />
              <button class="button" name="level" value="drill">${say.drill}</button>
              <button class="button" name="level" value="quick">${texts.verify}</button>
            </form>`
        : ''
    }
  </section>`;
}

/** The newest comparison of this backup, if somebody has asked for one, and the button that asks. */
function whatWouldChange(view: View, { operations }: ServiceView, { name }: Backup): Html {
  const { texts } = view;
  const say = texts.restorePage;
  const job = operations.jobs.list.find((each) => each.name === name && isComparison(each));
  const diff = job?.outcome?.kind === 'diff' ? job.outcome.diff : undefined;
  return html`<section class="card" aria-labelledby="change-title">
    <h2 id="change-title">${say.change}</h2>
    <p>${say.changeNote} ${view.rights.recover ? say.rowsInstead : ''}</p>
    ${
      diff
        ? html`<p><small>${ageOf(view, job!.endedAt!)}</small></p>
            ${tables(view, diff)}`
        : ''
    }
    ${compareForm(view, name)}
  </section>`;
}

function isComparison({ outcome }: Job): boolean {
  return outcome?.kind === 'diff' && !outcome.diff.tables.some(({ rows }) => rows);
}

type PresentState = 'whole' | 'damaged' | 'missing';

/** As far as the last look at the database can tell; the restore itself looks at all of it. */
function presentState(status: ServiceStatus | undefined): PresentState {
  const code = status?.database.error?.code;
  if (code === 'ERR_BACKUP_SOURCE_MISSING') return 'missing';
  return code === 'ERR_BACKUP_SOURCE_CORRUPT' || code === 'ERR_BACKUP_SOURCE_INVALID' ? 'damaged' : 'whole';
}

function confirmation(view: View, { name, createdAt }: Backup, state: PresentState): Html {
  const { texts } = view;
  return html`<section class="card ask" aria-labelledby="confirm-title">
    <h2 id="confirm-title">${texts.restoreName}</h2>
    <p>${texts.restoreText(texts.format.date(createdAt))} ${texts.restoreKeeps[state]}</p>
    <form method="post" action="${linkTo(view, name, '/restore')}" data-busy>
      <label for="confirm">${texts.restoreType(texts.restoreWord)}</label>
      <input
        id="confirm"
        name="confirm"
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        maxlength="200"
        data-must-be="${texts.restoreWord}"
      />
      <div class="bar">
        <button class="button danger">${texts.restoreYes}</button>
        <a class="button" href="${linkTo(view, name)}">${texts.cancel}</a>
      </div>
    </form>
  </section>`;
}
