import { html } from 'hono/html';
import type { Backup, RemoteCopy } from '../../index.js';
import { storeName } from '../../service/redact.js';
import type { ServiceView } from '../service-view.js';
import { ageOf } from './ages.js';
import { layout } from './layout.js';
import { labelOf } from './table.js';
import { linkHome, linkTo } from './view.js';
import type { Html, View } from './view.js';

/** The stores, each with a button that asks it what it has: that may take its time. */
export function storesPage(view: View, serviceView: ServiceView): Html {
  const { texts, home } = view;
  const { copies } = serviceView.service;
  const { title, note } = texts.pull;
  const body = html`${linkHome(view)}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${title}</h1>
      <p>${note}</p>
      ${copies.length === 0 ? html`<p class="empty">${texts.rules.noStores}</p>` : ''}
      <ul class="todo">
        ${copies.map(
          ({ name }, i) =>
            html`<li>
              <strong>${storeName(name)}</strong>
              <form method="post" action="${home}copies" data-busy>
                <button class="button" name="store" value="${i}">${texts.remedies.showBackups}</button>
              </form>
            </li>`,
        )}
      </ul>
    </section>`;
  return layout(view, { title: `${title} · ${serviceView.title(texts)}`, body });
}

const SHOWN = 100;

/** What a store has: on the page of the job that has asked it. */
export function copiesList(
  view: View,
  { store, copies }: { readonly store: number; readonly copies: readonly RemoteCopy[] },
  backups: readonly Backup[],
): Html {
  const { texts } = view;
  const here = new Set(backups.map(({ name }) => name));
  if (copies.length === 0) return html`<p>${texts.pull.none}</p>`;
  return html`<p>${storeName(copies[0]!.store)}</p>
    <ul class="todo">
      ${copies.slice(0, SHOWN).map((copy) => html`<li>${one(view, copy)} ${control(view, store, copy, here)}</li>`)}
    </ul>
    ${copies.length > SHOWN ? html`<p>${texts.pull.more(texts.format.number(copies.length - SHOWN))}</p>` : ''}`;
}

function one(view: View, { createdAt, sizeBytes, storedBytes, label }: RemoteCopy): Html {
  const { texts } = view;
  const { format } = texts;
  return html`<div>
    ${format.date(createdAt)} <small>${ageOf(view, createdAt)} · ${format.size(sizeBytes ?? storedBytes)}</small>
    ${label === undefined ? '' : html`<p>${labelOf(view, label)}</p>`}
  </div>`;
}

function control(view: View, store: number, copy: RemoteCopy, here: ReadonlySet<string>): Html {
  const { texts, rights, home } = view;
  const { name, problem, recipients, createdAt } = copy;
  if (here.has(name)) return html`<a href="${linkTo(view, name)}">${texts.pull.here}</a>`;
  if (problem) return html`<span class="tag bad">${texts.pull.broken}</span>`;
  if (recipients) return html`<small>${texts.pull.encrypted}</small>`;
  if (!rights.create) return html``;
  return html`<form method="post" action="${home}copies/pull" data-busy>
    <input type="hidden" name="store" value="${store}" />
    <button
      class="button"
      name="name"
      value="${name}"
      aria-label="${texts.pull.fetchOf(texts.format.date(createdAt, true))}"
    >
      ${texts.pull.fetch}
    </button>
  </form>`;
}
