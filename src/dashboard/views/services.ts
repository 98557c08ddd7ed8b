import { html } from 'hono/html';
import type { Look, ServiceView } from '../service-view.js';
import { sayVerdict } from '../texts/say.js';
import { judge } from '../verdict.js';
import { layout } from './layout.js';
import type { Html, View } from './view.js';

/** The first page where there are several services: each with its colour and its sentence. */
export function servicesPage(
  view: View,
  looks: readonly { readonly service: ServiceView; readonly look: Look }[],
): Html {
  const { texts } = view;
  const rows = looks.map(({ service, look }) => {
    const verdict = look.status ? judge(look.status) : ({ level: 'bad', kind: 'unreadable', code: look.code } as const);
    return html`<li class="card">
      <a href="${view.root}${service.name}/">${service.name}</a>
      <span class="tag ${verdict.level}">${texts.level[verdict.level]}</span>
      <p>${sayVerdict(verdict, texts, view.now)}</p>
    </li>`;
  });
  const body = html`<h1>${texts.choose}</h1>
    <ul class="services">
      ${rows}
    </ul>`;
  return layout(view, { title: texts.choose, body });
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
