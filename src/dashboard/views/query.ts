import { html } from 'hono/html';
import type { Backup, QueryResult, SqlValue } from '../../index.js';
import type { Job } from '../jobs/job.js';
import type { ServiceView } from '../service-view.js';
import { layout } from './layout.js';
import { linkHome, linkTo } from './view.js';
import type { Html, View } from './view.js';

/** Rows on one page. */
const PAGE_SIZE = 100;
/** Longer texts are cut off on the page; the CSV has all of them. */
const SHOWN_CHARS = 300;

/** The page on which a backup is asked. */
export function queryPage(view: View, serviceView: ServiceView, { name, createdAt }: Backup): Html {
  const { texts } = view;
  const { title, note } = texts.query;
  const body = html`${linkHome(view)}
    <section class="card job" aria-labelledby="title">
      <h1 id="title">${title}</h1>
      <p><a href="${linkTo(view, name)}">${texts.format.date(createdAt)}</a> <small>${name}</small></p>
      <p>${note}</p>
      ${queryForm(view, name, "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name")}
    </section>`;
  return layout(view, { title: `${title} · ${serviceView.title(texts)}`, body });
}

/** Sent by POST: questions stand neither in addresses nor in logs of them. */
export function queryForm(view: View, name: string, sql: string): Html {
  const { texts } = view;
  return html`<form method="post" action="${linkTo(view, name, '/query')}" data-busy>
    <label for="sql">${texts.query.sql}</label>
    <textarea id="sql" name="sql" rows="5" maxlength="8000" required spellcheck="false" autocapitalize="off">
${sql}</textarea>
    <button class="button primary">${texts.query.ask}</button>
  </form>`;
}

/** What a backup has answered, with the form to ask on. */
export function answer(view: View, job: Job, { columns, rows, truncated }: QueryResult): Html {
  const { texts, query, home } = view;
  const { query: say, format } = texts;
  const pages = Math.max(1, Math.ceil(rows.length / PAGE_SIZE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(query('page'))) || 1));
  const count = format.number(rows.length);
  return html`<p>${rows.length === 0 && !truncated ? say.none : say.rows(count)}</p>
    ${truncated ? html`<p class="warning">${say.truncated(count)}</p>` : ''}
    ${rows.length === 0 ? '' : table(view, say.rows(count), columns, rows.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE))}
    ${
      pages > 1
        ? html`<nav class="pages" aria-label="${texts.pagination}">
            ${page > 1 ? html`<a class="button small" href="?page=${page - 1}">${texts.previous}</a>` : ''}
            <span>${texts.page(format.number(page), format.number(pages))}</span>
            ${page < pages ? html`<a class="button small" href="?page=${page + 1}">${texts.next}</a>` : ''}
          </nav>`
        : ''
    }
    <p><a class="button" href="${home}jobs/${job.id}/rows.csv" download>${say.csv}</a> <small>${say.csvNote}</small></p>
    ${queryForm(view, job.name!, job.sql ?? '')}`;
}

/** Numbers stand at the right, and so does the name above them. */
function isOfNumbers(rows: QueryResult['rows'], column: number): boolean {
  const values = rows.map((row) => row[column]).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number' || typeof value === 'bigint');
}

function table(view: View, label: string, columns: readonly string[], rows: QueryResult['rows']): Html {
  // It may be wider than the page: then the keyboard moves it too.
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table class="changes answers">
      <thead>
        <tr>
          ${columns.map(
            (column, i) =>
              html`<th scope="col" ${isOfNumbers(rows, i) ? html`class="size"` : ''}><bdi>${column}</bdi></th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((value, i) => cell(view, columns[i]!, value))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What is not a text does not look like one: NULL is not the text "NULL". */
function cell({ texts }: View, column: string, value: SqlValue): Html {
  const { query: say, format } = texts;
  if (value === null) return html`<td data-name="${column}"><i class="odd">NULL</i></td>`;
  if (value === '') return html`<td data-name="${column}"><i class="odd">${say.empty}</i></td>`;
  if (value instanceof Uint8Array) {
    const start = Buffer.from(value.subarray(0, 16)).toString('hex');
    const more = value.length > 16 ? '…' : '';
    return html`<td data-name="${column}">
      <code>x'${start}${more}'</code> <i class="odd">${say.bytes(format.number(value.length))}</i>
    </td>`;
  }
  if (typeof value !== 'string') return html`<td data-name="${column}" class="size">${String(value)}</td>`;
  const shown = value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS - 1)}…` : value;
  return html`<td data-name="${column}"><bdi>${shown}</bdi></td>`;
}
