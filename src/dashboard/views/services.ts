import { html } from 'hono/html';
import type { Look, ServiceView } from '../service-view.js';
import { sayVerdict } from '../texts/say.js';
import { verdict, worstFirst } from '../../service/verdict.js';
import { markedAge, withAges } from './ages.js';
import { layout } from './layout.js';
import type { Html, View } from './view.js';

/** The first page where there are several services: each with its colour and its sentence. */
export function servicesPage(
  view: View,
  looks: readonly { readonly service: ServiceView; readonly look: Look }[],
): Html {
  const { texts } = view;
  const all = looks.map(({ service, look }) => ({ service, judged: verdict(look.status ?? look.error, view.now) }));
  // The tab's icon is that of the worst of them: a page of five may be one tab among twenty.
  const level = all.map(({ judged }) => judged.level).toSorted(worstFirst)[0];
  const rows = all.map(({ service, judged }) => {
    return html`<li class="card">
      <a href="${view.root}${service.name}/">${service.name}</a>
      <span class="tag ${judged.level}">${texts.level[judged.level]}</span>
      <p>${withAges(sayVerdict(judged, texts, view.now, markedAge(texts.format.age)))}</p>
    </li>`;
  });
  const body = html`<h1>${texts.choose}</h1>
    <ul class="services">
      ${rows}
    </ul>`;
  const title = `${level ? `${texts.level[level]} · ` : ''}${texts.choose}`;
  return layout(view, { title, live: `${view.root}api/events`, ...(level && { level }), body });
}

/** The chooser on the page of one of several services. */
export function chooser(view: View, current: ServiceView, names: readonly string[]): Html | '' {
  if (names.length < 2) return '';
  const link = (name: string): Html =>
    name === current.name
      ? html`<a href="${view.root}${name}/" aria-current="page">${name}</a>`
      : html`<a href="${view.root}${name}/">${name}</a>`;
  return html`<nav class="chooser" aria-label="${view.texts.choose}">${names.map(link)}</nav>`;
}
