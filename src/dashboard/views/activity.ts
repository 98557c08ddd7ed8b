import { html } from 'hono/html';
import type { Activity } from '../../index.js';
import { storeName } from '../../service/redact.js';
import type { ServiceView } from '../service-view.js';
import { reasonFor } from '../texts/index.js';
import { layout } from './layout.js';
import { labelOf } from './table.js';
import { linkHome } from './view.js';
import type { Html, View } from './view.js';

const PAGE_SIZE = 100;
const SHOWN_NAMES = 3;

/** The newest activities, or those before the moment that the address asks for. */
export async function readActivity({ service }: ServiceView, { query }: View): Promise<Activity[]> {
  const before = new Date(query('before') ?? '');
  return service.activity({ limit: PAGE_SIZE, ...(!Number.isNaN(before.getTime()) && { before }) });
}

/** Who did what and when. It names no folder, and says of an error what the page says of it elsewhere. */
export function activityPage(view: View, serviceView: ServiceView, activity: readonly Activity[]): Html {
  const { texts } = view;
  const { title, none, older } = texts.activity;
  const oldest = activity.at(-1);
  const body = html`${linkHome(view)}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${title}</h1>
      ${
        activity.length === 0
          ? html`<p class="empty">${none}</p>`
          : html`<ol class="activity">
              ${activity.map((each) => item(view, each))}
            </ol>`
      }
      ${
        oldest && activity.length === PAGE_SIZE
          ? html`<nav class="pages">
              <a class="button small" href="?before=${oldest.at.toISOString()}">${older}</a>
            </nav>`
          : ''
      }
    </section>`;
  return layout(view, { title: `${title} · ${serviceView.title(texts)}`, body });
}

function item(view: View, activity: Activity): Html {
  const { format } = view.texts;
  const { at, label, action, ok } = activity;
  const bad = action === 'failed' || ok === false;
  return html`<li>
    <time datetime="${at.toISOString()}">${format.date(at)}</time>
    <p>
      ${bad ? html`<strong class="bad">${sentence(view, activity)}</strong>` : sentence(view, activity)}
      <small>${label === undefined ? '' : html`${labelOf(view, label)} · `}${by(view, activity)}</small>
    </p>
  </li>`;
}

function by({ texts }: View, { by: { via, person, user, host } }: Activity): Html {
  const who = person ?? (via === 'cli' ? user : undefined);
  const where = host === undefined ? '' : ` · ${host}`;
  return html`${who === undefined ? '' : html`<bdi>${who}</bdi>, `}${texts.activity.via[via]}${where}`;
}

function sentence({ texts }: View, activity: Activity): string {
  const { activity: words, format } = texts;
  const { action, name = '', names = [], store = '', of = 'backup', code, ok = false, rows = 0, sizeBytes } = activity;
  const more = names.length - SHOWN_NAMES;
  const several = `${names.slice(0, SHOWN_NAMES).join(', ')}${more > 0 ? ` ${words.more(more)}` : ''}`;
  const safety = activity.safetyBackup === undefined ? '' : `; ${words.safety(activity.safetyBackup)}`;
  switch (action) {
    case 'created':
    case 'imported':
    case 'uploaded':
      return words[action](name, sizeBytes === undefined ? '' : format.size(sizeBytes));
    case 'failed':
      return code === undefined ? words.failed[of] : `${words.failed[of]}: ${reasonFor(code, texts)}`;
    case 'pruned':
      return words.pruned(several);
    case 'verified':
    case 'drilled':
      return words[action](store === '' ? name : `${name}, ${storeName(store)},`, ok);
    case 'restored':
      return words.restored(name) + safety;
    case 'recovered':
      return words.recovered(name, format.number(rows)) + safety;
    case 'pulled':
    case 'copied':
      return words[action](name, storeName(store));
    case 'copies-pruned':
      return words.copiesPruned(several, storeName(store));
    case 'deleted':
    case 'protected':
    case 'unprotected':
    case 'downloaded':
      return words[action](name);
  }
}
