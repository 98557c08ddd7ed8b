import { html } from 'hono/html';
import type { Backup, ServiceStatus } from '../../index.js';
import { storeName } from '../../service/redact.js';
import { ageOf, markedAgeOf, withAges } from './ages.js';
import type { Html, View } from './view.js';

// The copies in the stores, as far as this machine knows. Empty if the service has no stores.

/** In how many of the stores a backup has a copy: what the column is sorted by. */
export function copiedCount({ copies = [] }: Backup): number {
  return copies.filter(({ state }) => state === 'copied').length;
}

/** The cell of the table: one tag for all stores. */
export function offsiteTag({ texts }: View, backup: Backup): Html {
  const { copies = [] } = backup;
  const copied = copiedCount(backup);
  if (copies.length === 0) return html`–`;
  if (copied === copies.length) return html`<span class="tag good">${texts.yes}</span>`;
  const pending = copies.some(({ state }) => state === 'pending');
  if (copied > 0) return html`<span class="tag plain">${texts.offsite.some(copied, copies.length)}</span>`;
  return pending ? html`<span class="tag plain">${texts.offsite.pending}</span>` : html`${texts.no}`;
}

/** Each store with what it has of this backup. */
export function offsiteList(view: View, { copies = [] }: Backup): Html {
  const { texts } = view;
  return html`<ul>
    ${copies.map(
      ({ store, state, at }) =>
        html`<li>
          ${storeName(store)}: ${texts.offsite[state]}${at ? html` <small>${ageOf(view, at)}</small>` : ''}
        </li>`,
    )}
  </ul>`;
}

/** Each store with what it has, what it waits for and why. */
export function offsiteCard(view: View, { copies }: ServiceStatus): Html | '' {
  if (copies.length === 0) return '';
  const { texts } = view;
  const { format, offsite } = texts;
  return html`<section class="card notes" aria-labelledby="offsite-title">
    <h2 id="offsite-title">${offsite.title}</h2>
    <ul>
      ${copies.map(({ store, copyCount, copyBytes, latest, pending, pendingSince, lastError }) => {
        const [size, age] = [format.size(copyBytes), latest && markedAgeOf(view, latest.createdAt)];
        const has =
          age === undefined
            ? offsite.hasNone
            : copyCount === 1
              ? offsite.hasOne(size, age)
              : offsite.has(format.number(copyCount), size, age);
        const waits = pendingSince && offsite.waits(format.number(pending.length), markedAgeOf(view, pendingSince));
        const why = lastError && (texts.reasons[lastError.code] ?? texts.otherReason(lastError.code));
        return html`<li>
          <strong>${storeName(store)}</strong>: ${withAges(waits ? `${has} ${waits}` : has)}
          ${why ? html`<span class="tag bad">${withAges(offsite.failed(why, markedAgeOf(view, lastError.retryAt)))}</span>` : ''}
        </li>`;
      })}
    </ul>
  </section>`;
}
