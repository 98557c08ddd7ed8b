import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { lossOf } from '../advice.js';
import type { SeveralAction } from '../jobs/job.js';
import type { ServiceView } from '../service-view.js';
import { layout } from './layout.js';
import { labelOf } from './table.js';
import { linkHome } from './view.js';
import type { Html, View } from './view.js';

/** Asks once for all that were chosen; those that it can't be done with are named and left out. */
export function severalPage(
  view: View,
  serviceView: ServiceView,
  action: SeveralAction,
  chosen: readonly Backup[],
  backups: readonly Backup[],
): Html {
  const { texts, home } = view;
  const { several } = texts.list;
  const isLeftOut = (backup: Backup): boolean => action === 'delete' && backup.protected;
  const names = chosen.filter((backup) => !isLeftOut(backup)).map(({ name }) => name);
  const title = several.titles[action];
  const loss = action === 'delete' ? lossOf(names, backups) : undefined;
  const body = html`${linkHome(view)}
    <section class="card ask" aria-labelledby="title">
      <h1 id="title">${title}</h1>
      <ul class="chosen">
        ${chosen.map((backup) => html`<li>${one(view, backup)}${isLeftOut(backup) ? html` <span class="tag plain">${several.passedOver}</span>` : ''}</li>`)}
      </ul>
      ${action === 'delete' ? html`<p>${several.gone}</p>` : ''}
      ${loss ? html`<p class="warning"><strong>${several.lossOf[loss]}</strong></p>` : ''}
      <form method="post" action="${home}selected" data-busy class="bar">
        <input type="hidden" name="do" value="${action}" />
        ${names.map((name, i) => html`<input type="hidden" name="b${i}" value="${name}" />`)}
        ${names.length > 0 ? html`<button class="button ${action === 'delete' ? 'danger' : 'primary'}">${several.yes[action]}</button>` : ''}
        <a class="button" href="${home}">${texts.cancel}</a>
      </form>
    </section>`;
  return layout(view, { title: `${title} · ${serviceView.title(texts)}`, level: 'warning', body });
}

function one(view: View, { createdAt, sizeBytes, label }: Backup): Html {
  const { format } = view.texts;
  return html`${format.date(createdAt, true)},
  ${format.size(sizeBytes)}${label === undefined ? '' : html`<br /><small>${labelOf(view, label)}</small>`}`;
}
