import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Flash } from '../flash-store.js';
import type { Rights } from '../guard.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import type { Texts } from '../texts/index.js';
import { lookOf, viewerOf } from '../viewer.js';

/** A piece of a page. `html` escapes everything that is inserted into it. */
export type Html = ReturnType<typeof html>;

/** The input of every part of a page. */
export interface View {
  readonly texts: Texts;
  readonly rights: Rights;
  readonly now: number;
  /** From this page's address to the dashboard's base: `'../'`. */
  readonly root: string;
  /** The same to the overview of this service. */
  readonly home: string;
  readonly query: (name: string) => string | undefined;
  /** The words for people that the service has for a label. */
  readonly wordsFor: (label: string) => string | undefined;
  /** The message that this view shows, if there is one for this browser. */
  readonly flash: Flash | undefined;
}

export function viewOf(c: Context<DashboardEnv>, serviceView?: ServiceView): View {
  const { root } = c.env;
  return {
    texts: c.get('texts'),
    rights: c.get('rights'),
    now: Date.now(),
    root,
    home: serviceView?.name ? `${root}${serviceView.name}/` : root,
    query: (name) => c.req.query(name),
    wordsFor: (label) => serviceView?.service.wordsFor(label),
    get flash() {
      return serviceView?.flashes.take(c.req.query('m'), viewerOf(c), lookOf(c));
    },
  };
}

/** The address of one backup, or of something below it. */
export function linkTo(view: View, name: string, below = ''): string {
  return `${view.home}backups/${encodeURIComponent(name)}${below}`;
}

export function linkHome(view: View): Html {
  return html`<nav><a href="${view.home}">← ${view.texts.back}</a></nav>`;
}
