import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { around } from '../filter.js';
import type { ServiceView } from '../service-view.js';
import { ageOf } from './ages.js';
import { layout } from './layout.js';
import { goBackForm } from './picture.js';
import { labelOf } from './table.js';
import { linkHome, linkTo } from './view.js';
import type { Html, View } from './view.js';

/** As many of the newest as are offered without a date. */
const RECENT = 8;

/** The end of the day, or the minute, that an address asks for; in this computer's time zone. */
export function readMoment(text: string | undefined): Date | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?$/.exec(text ?? '');
  if (!match) return undefined;
  const [year, month, day, hour = 23, minute = 59] = match
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? undefined : Number(part)));
  const date = new Date(year!, month! - 1, day, hour, minute, 59, 999);
  return date.getMonth() === month! - 1 ? date : undefined;
}

/** Which backup to go back to: for a date, the one before it and the one after it; without one, the newest. */
export function goBackPage(view: View, serviceView: ServiceView, backups: readonly Backup[]): Html {
  const { texts } = view;
  const { format, picture: say } = texts;
  const asked = view.query('at');
  const moment = readMoment(asked);
  const { before, after } = moment ? around(backups, moment) : { before: undefined, after: undefined };
  const recent = backups.filter(({ problem }) => problem === undefined).slice(0, RECENT);
  const body = html`${linkHome(view)}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${say.goBackTitle}</h1>
      ${goBackForm(view, moment && asked?.slice(0, 10))}
      ${
        moment
          ? html`<ul class="todo">
              ${before ? offer(view, before, say.before(format.day(moment))) : html`<li><p>${say.noneBefore(format.day(moment))}</p></li>`}
              ${after ? offer(view, after, say.after) : ''}
            </ul>`
          : html`<h2>${say.recent}</h2>
              <ul class="todo">
                ${recent.map((backup) => offer(view, backup, undefined))}
              </ul>`
      }
      <p><small>${say.zone(format.zone)}</small></p>
    </section>`;
  return layout(view, { title: `${say.goBackTitle} · ${serviceView.title(texts)}`, level: 'warning', body });
}

function offer(view: View, backup: Backup, why: string | undefined): Html {
  const { texts, rights } = view;
  const { format } = texts;
  const { name, createdAt, label } = backup;
  return html`<li>
    <div>
      ${why === undefined ? '' : html`<p>${why}</p>`}
      <a href="${linkTo(view, name)}">${format.date(createdAt)}</a> <small>${ageOf(view, createdAt)}</small>
      ${label === undefined ? '' : html`<p>${labelOf(view, label)}</p>`}
    </div>
    ${rights.restore ? html`<a class="button danger" href="${linkTo(view, name, '/restore')}" aria-label="${texts.picture.restoreOf(format.date(createdAt, true))}">${texts.restore}</a>` : ''}
  </li>`;
}
