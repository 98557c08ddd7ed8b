import { html } from 'hono/html';
import type { Backup, KeepRules, ServiceRules } from '../../index.js';
import { storeName } from '../../service/redact.js';
import type { ServiceView } from '../service-view.js';
import { sayReason } from '../texts/reasons.js';
import { layout } from './layout.js';
import { facts } from './parts.js';
import { linkHome, linkTo } from './view.js';
import type { Html, View } from './view.js';

/** The rules that the backups go by, and what they mean for each of them. */
export function rulesPage(view: View, serviceView: ServiceView, rules: ServiceRules): Html {
  const { texts } = view;
  const { rules: say, format } = texts;
  const { verifyEveryMs, stores, methods, kept, error } = rules;
  const body = html`${linkHome(view)}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${say.title}</h1>
      ${rules.enabled ? '' : html`<p class="warning"><strong>${say.off}</strong></p>`}
      ${facts([
        [say.interval, format.duration(rules.intervalMs)],
        [say.onFailure, say.failures[rules.onFailure]],
        [say.verifyEvery, verifyEveryMs === undefined ? say.byHand : say.every(format.duration(verifyEveryMs))],
        [say.retention, sayRetention(view, rules.retention)],
        [say.stores, stores.length === 0 ? say.noStores : stores.map(storeName).join(', ')],
      ])}
      <p><small>${say.always}</small></p>
    </section>
    <section class="card" aria-labelledby="methods-title">
      <h2 id="methods-title">${say.methods}</h2>
      ${methods.length === 0 ? html`<p class="empty">${say.noMethods}</p>` : methodList(view, methods)}
    </section>
    <section class="card" aria-labelledby="why-title">
      <h2 id="why-title">${say.why}</h2>
      ${error === undefined ? html`<p>${goesNext(view, rules.goNext)}</p>` : html`<p class="warning">${say.failed}</p>`}
      <ol class="why">
        ${kept.map(
          ({ backup, reasons }) =>
            html`<li>
              <a href="${linkTo(view, backup.name)}">${format.date(backup.createdAt)}</a>
              <span>${reasons.map((reason) => sayKept(view, reason, stores)).join('; ')}</span>
            </li>`,
        )}
      </ol>
    </section>
    <p class="more">${texts.picture.zone(format.zone)}</p>`;
  return layout(view, { title: `${say.title} · ${serviceView.title(texts)}`, body });
}

function methodList({ wordsFor }: View, methods: readonly string[]): Html {
  return html`<ul>
    ${methods.map((label) => {
      const words = wordsFor(label);
      return html`<li>
        ${words === undefined ? html`<code>${label}</code>` : html`<bdi>${words}</bdi> <small>${label}</small>`}
      </li>`;
    })}
  </ul>`;
}

/** A first prune may remove hundreds. */
const NAMED = 4;

/** Which backups the next one removes, in one sentence. */
export function goesNext({ texts }: View, goNext: readonly Backup[]): string {
  const { kept, format } = texts;
  if (goNext.length === 0) return kept.nextNone;
  const named = goNext.slice(0, NAMED).map(({ createdAt }) => format.date(createdAt));
  const more = goNext.length - named.length;
  return kept.next([...named, ...(more > 0 ? [texts.activity.more(more)] : [])].join('; '));
}

/** Why a backup stays, in words. */
export function sayKept({ texts }: View, reason: string, stores: readonly string[]): string {
  return texts.problems[reason] ?? sayReason(reason, texts.locale, stores);
}

export function sayRetention({ texts }: Pick<View, 'texts'>, retention: ServiceRules['retention']): string {
  const { rules, format } = texts;
  if (retention === 'code') return rules.code;
  if (retention === undefined) return rules.unknown;
  if (retention.last === Infinity) return rules.all;
  const parts = (Object.keys(rules.keep) as (keyof KeepRules)[]).flatMap((rule) => {
    const value = retention[rule];
    if (value === undefined || value === 0) return [];
    return [rules.keep[rule](typeof value === 'number' ? format.number(value) : value)];
  });
  return parts.join(' · ');
}
