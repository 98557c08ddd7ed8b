import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { BY_HAND } from '../operations.js';
import { copiedCount, offsiteTag } from './offsite.js';
import { linkTo } from './view.js';
import type { Html, View } from './view.js';

/** As many rows as a browser draws at once without a thought; sorting is done here, over all of them. */
const PAGE_SIZE = 50;

const COLUMNS = ['date', 'size', 'label', 'verified', 'protected', 'offsite'] as const;
type Column = (typeof COLUMNS)[number];

const KEYS: Readonly<Record<Column, (backup: Backup) => number | string>> = {
  date: ({ createdAt }) => createdAt.getTime(),
  size: ({ sizeBytes }) => sizeBytes,
  label: ({ label = '' }) => label.toLowerCase(),
  verified: (backup) => verifiedAt(backup)?.getTime() ?? 0,
  protected: (backup) => Number(backup.protected),
  offsite: copiedCount,
};

interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** The table, in the order and from the page that the address asks for. */
export function backupTable(view: View, backups: readonly Backup[]): Html {
  const { texts } = view;
  if (backups.length === 0)
    return html`<p class="empty">${view.rights.create ? texts.noBackupsButton : texts.noBackups}</p>`;
  const order = readOrder(view);
  const sorted = sort(backups, order);
  const pages = Math.ceil(sorted.length / PAGE_SIZE);
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(view.query('page'))) || 1));
  // Only where the service has stores.
  const columns = COLUMNS.filter((column) => column !== 'offsite' || backups.some(({ copies }) => copies?.length));
  const rows = sorted.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map((column) => heading(view, column, order))}
            <th scope="col"><span class="hidden">${texts.actions}</span></th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((backup) => row(view, backup, columns.includes('offsite')))}
        </tbody>
      </table>
    </div>
    ${pages > 1 ? pagination(view, order, page, pages) : ''}`;
}

export function verificationOf(view: View, backup: Backup): Html {
  const { texts } = view;
  const { verified, lastVerification } = backup;
  const level = lastVerification?.level ?? verified;
  const at = verifiedAt(backup);
  // A verification says nothing about a file that has changed since.
  const changed = backup.problem !== undefined && lastVerification?.ok !== false;
  if (!level || !at || changed) return html`<span class="tag plain">${texts.notVerified}</span>`;
  const how = texts.verifiedAs[level] ?? level;
  const good = isVerified(backup);
  return html`<span class="tag ${good ? 'good' : 'bad'}">${good ? how : texts.verifyFailed}</span>
    <small>${texts.format.age(at, view.now)}</small>`;
}

/** A label in words for people, its name small below. The page's own button has words in the reader's language. */
export function labelOf({ texts, wordsFor }: View, label: string): Html {
  if (label === BY_HAND) return html`${texts.byHand}`;
  const words = wordsFor(label);
  return words === undefined ? html`<bdi>${label}</bdi>` : html`<bdi>${words}</bdi> <small>${label}</small>`;
}

function isVerified({ verified, lastVerification }: Backup): boolean {
  return lastVerification ? lastVerification.ok : verified !== undefined;
}

function verifiedAt({ manifest, lastVerification }: Backup): Date | undefined {
  const at = lastVerification?.at ?? manifest?.verifiedAt;
  return at === undefined ? undefined : new Date(at);
}

function row(view: View, backup: Backup, withOffsite: boolean): Html {
  const { texts, rights } = view;
  const { columns, format } = texts;
  const { name, createdAt, sizeBytes, label, problem } = backup;
  return html`<tr>
    <th scope="row">
      <a href="${linkTo(view, name)}" title="${name}"
        ><time datetime="${createdAt.toISOString()}">${format.date(createdAt)}</time></a
      >
      <small>${format.age(createdAt, view.now)}</small>
      ${problem ? html`<span class="tag bad">${texts.problems[problem] ?? problem}</span>` : ''}
    </th>
    <td data-name="${columns.size}">${format.size(sizeBytes)}</td>
    <td data-name="${columns.label}" class="label">${label === undefined ? '–' : labelOf(view, label)}</td>
    <td data-name="${columns.verified}">${verificationOf(view, backup)}</td>
    <td data-name="${columns.protected}" ${backup.protected ? '' : html` class="no"`}>
      ${backup.protected ? html`<span class="tag good">${texts.yes}</span>` : texts.no}
    </td>
    ${withOffsite ? html`<td data-name="${columns.offsite}">${offsiteTag(view, backup)}</td>` : ''}
    <td class="actions">
      ${
        rights.download
          ? html`<a
              class="button small"
              href="${linkTo(view, name, '/download')}"
              download
              aria-label="${texts.downloadOf(name)}"
              >${texts.download}</a
            >`
          : ''
      }
      <a class="button small" href="${linkTo(view, name)}" aria-label="${texts.detailsOf(name)}">${texts.details}</a>
    </td>
  </tr>`;
}

function heading(view: View, column: Column, order: Order): Html {
  const { texts } = view;
  const name = texts.columns[column];
  const current = order.column === column;
  const next: Order = { column, descending: current ? !order.descending : column !== 'label' };
  const sorted = !current ? '' : html` aria-sort="${order.descending ? 'descending' : 'ascending'}"`;
  return html`<th scope="col" ${sorted}>
    <a href="${address(view, next, 1)}" aria-label="${texts.sortBy(name)}"
      >${name}<span class="arrow" aria-hidden="true">${current ? (order.descending ? '▼' : '▲') : ''}</span></a
    >
  </th>`;
}

function pagination(view: View, order: Order, page: number, pages: number): Html {
  const { texts } = view;
  const link = (to: number, text: string): Html =>
    to < 1 || to > pages
      ? html`<span class="button small off">${text}</span>`
      : html`<a class="button small" href="${address(view, order, to)}">${text}</a>`;
  return html`<nav class="pages" aria-label="${texts.pagination}">
    ${link(page - 1, texts.previous)}
    <span>${texts.page(texts.format.number(page), texts.format.number(pages))}</span>
    ${link(page + 1, texts.next)}
  </nav>`;
}

function address(view: View, { column, descending }: Order, page: number): string {
  return `${view.home}?sort=${column}&order=${descending ? 'desc' : 'asc'}${page > 1 ? `&page=${page}` : ''}#backups`;
}

function readOrder(view: View): Order {
  const column = COLUMNS.find((name) => name === view.query('sort')) ?? 'date';
  return { column, descending: view.query('order') !== 'asc' };
}

function sort(backups: readonly Backup[], { column, descending }: Order): Backup[] {
  const key = KEYS[column];
  const sign = descending ? -1 : 1;
  // Stable: what is equal stays newest first.
  return backups.toSorted((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? 0 : x < y ? -sign : sign;
  });
}
