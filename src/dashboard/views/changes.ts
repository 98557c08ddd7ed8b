import { html } from 'hono/html';
import type { DatabaseDiff, RecoverReport, RowChange, SqlValue, TableDiff } from '../../index.js';
import type { Job } from '../jobs/job.js';
import { linkTo } from './view.js';
import type { Html, View } from './view.js';

/** Rows on one page. */
const PAGE_SIZE = 50;

/** The form that asks what has changed since a backup. */
export function compareForm(view: View, name: string, table?: string, skip?: number, label?: string): Html {
  const { rows } = view.texts;
  return html`<form method="post" action="${linkTo(view, name, '/changes')}" data-busy>
    ${table === undefined ? '' : html`<input type="hidden" name="table" value="${table}" />`}
    ${skip === undefined ? '' : html`<input type="hidden" name="skip" value="${skip}" />`}
    <button
      class="button ${table === undefined ? '' : 'small'}"
      ${table === undefined || label !== undefined ? '' : html`aria-label="${rows.look(table)}"`}
    >
      ${label ?? (table === undefined ? rows.compare : rows.lookShort)}
    </button>
  </form>`;
}

/** What a comparison has found: the tables, or the rows of one. */
export function changes(view: View, job: Job, diff: DatabaseDiff, skip: number): Html {
  const [table] = diff.tables;
  return table?.rows ? rowsOf(view, job, table, skip) : tables(view, diff);
}

export function tables(view: View, { from, schema, tables: all }: DatabaseDiff): Html {
  const { rows: say, format } = view.texts;
  const touched = all.filter(({ added, changed, removed, skipped }) => added + changed + removed > 0 || skipped);
  const structure = [...schema.added, ...schema.changed, ...schema.removed];
  const cell = (name: string, count: number): Html => html`<td data-name="${name}">${format.number(count)}</td>`;
  return html`${
      touched.length === 0
        ? html`<p>${say.nothing}</p>`
        : html`<div class="scroll">
            <table class="changes">
              <thead>
                <tr>
                  ${[say.table, say.removed, say.changed, say.added].map((name) => html`<th scope="col">${name}</th>`)}
                  <th scope="col"><span class="hidden">${view.texts.actions}</span></th>
                </tr>
              </thead>
              <tbody>
                ${touched.map(
                  ({ name, added, changed, removed, skipped }) =>
                    html`<tr>
                      <th scope="row">${name}${skipped ? html` <small>${say.skipped(skipped)}</small>` : ''}</th>
                      ${cell(say.removed, removed)} ${cell(say.changed, changed)} ${cell(say.added, added)}
                      <td class="actions">${skipped ? '' : compareForm(view, from, name)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    <p>${say.unchanged(format.number(all.length - touched.length))}</p>
    ${
      structure.length > 0
        ? html`<h2>${say.schema}</h2>
            <ul>
              ${structure.map(({ type, name }) => html`<li>${type} <bdi>${name}</bdi></li>`)}
            </ul>`
        : ''
    }`;
}

const KINDS = ['removed', 'changed', 'added'] as const;

/** @param skip how many changed rows of the table come before these */
function rowsOf(view: View, job: Job, table: TableDiff, skip: number): Html {
  const { texts, rights, query } = view;
  const { rows: say, format } = texts;
  const kind = KINDS.find((each) => each === query('kind'));
  const find = (query('find') ?? '').slice(0, 100);
  const found = table
    .rows!.map((row, number) => ({ row, number }))
    .filter(({ row }) => (!kind || row.kind === kind) && (find === '' || textOf(row).includes(find.toLowerCase())));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(query('page'))) || 1));
  const address = (to: number): string =>
    `?${new URLSearchParams({ ...(kind && { kind }), ...(find && { find }), page: String(to) }).toString()}`;
  const all = table.added + table.changed + table.removed;
  const name = job.name!;
  const last = skip + table.rows!.length;
  const isPart = skip > 0 || last < all;
  return html`<h2>${say.of(table.name)}</h2>
    <form method="get" class="bar">
      <label
        >${say.kind}
        <select name="kind">
          <option value="">${say.all}</option>
          ${KINDS.map((each) => html`<option value="${each}" ${each === kind ? html`selected` : ''}>${say[each]}</option>`)}
        </select></label
      >
      <label>${say.filter} <input name="find" value="${find}" maxlength="100" /></label>
      <button class="button">${say.apply}</button>
    </form>
    <p>${say.shown(format.number(found.length), format.number(all))}</p>
    ${
      isPart
        ? html`<p class="warning">${say.part(format.number(skip + 1), format.number(last), format.number(all))}</p>`
        : ''
    }
    <form method="post" action="${linkTo(view, name, '/recover')}" data-busy>
      <input type="hidden" name="job" value="${job.id}" />
      ${found.length === 0 ? html`<p>${say.noRows}</p>` : ''}
      <ul class="rows">
        ${found.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE).map(({ row, number }) => oneRow(view, row, number))}
      </ul>
      ${
        rights.recover
          ? html`<p>${say.planNote}</p>
              <div class="bar">
                <button class="button">${say.bring}</button>
                ${table.removed > 0 ? html`<button class="button" name="all" value="1">${say.bringAll}</button>` : ''}
              </div>`
          : ''
      }
    </form>
    ${
      pages > 1
        ? html`<nav class="pages" aria-label="${texts.pagination}">
            ${page > 1 ? html`<a class="button small" href="${address(page - 1)}">${texts.previous}</a>` : ''}
            <span>${texts.page(format.number(page), format.number(pages))}</span>
            ${page < pages ? html`<a class="button small" href="${address(page + 1)}">${texts.next}</a>` : ''}
          </nav>`
        : ''
    }
    ${last < all && table.rows!.length > 0 ? compareForm(view, name, table.name, last, say.more) : ''}
    ${skip > 0 ? compareForm(view, name, table.name, 0, say.firstRows) : ''}`;
}

function oneRow({ texts, rights }: View, row: RowChange, number: number): Html {
  const { rows: say } = texts;
  const title = row.key?.map(valueText).join(', ') ?? '';
  const id = `row${number}`;
  const values = (heading: string, value: RowChange['before']): Html | '' =>
    value
      ? html`<div>
          <dt>${heading}</dt>
          <dd>
            ${Object.entries(value)
              .filter(([column]) => row.kind !== 'changed' || row.columns?.includes(column))
              .map(([column, each]) => html`<span><b>${column}</b> <bdi>${valueText(each)}</bdi></span> `)}
          </dd>
        </div>`
      : '';
  return html`<li>
    <label for="${id}">
      ${
        rights.recover && row.before
          ? html`<input type="checkbox" id="${id}" name="${id}" value="1" aria-label="${say.choose(title)}" />`
          : ''
      }
      <span class="tag plain">${say[row.kind]}</span> <b>${title}</b></label
    >
    <dl>${values(say.was, row.before)} ${values(say.is, row.after)}</dl>
  </li>`;
}

/** A value as people read it, cut off where it is long. */
function valueText(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array)
    return `x'${Buffer.from(value.subarray(0, 16)).toString('hex')}${value.length > 16 ? '…' : ''}'`;
  const text = String(value);
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function textOf({ before = {}, after = {} }: RowChange): string {
  return [...Object.values(before), ...Object.values(after)].map(valueText).join('\n').toLowerCase();
}

/** A plan with the button that carries it out, or what was done. */
export function recovery(view: View, job: Job, report: RecoverReport): Html {
  const { rows: say, format } = view.texts;
  const counts = (title: string, by: RecoverReport['inserted']): Html | '' => {
    const entries = Object.entries(by).filter(([, count]) => count > 0);
    return entries.length === 0
      ? ''
      : html`<div>
          <dt>${title}</dt>
          <dd>${entries.map(([table, count]) => html`<span><bdi>${table}</bdi>: ${format.number(count)}</span> `)}</dd>
        </div>`;
  };
  const nothing = [report.inserted, report.relinked, report.overwritten].every((by) =>
    Object.values(by).every((count) => count === 0),
  );
  const { triggers, alsoChanged, lostColumns, newKeys } = report;
  return html`<h2>${report.dryRun ? say.plan : say.done}</h2>
    ${nothing && report.conflictCount === 0 ? html`<p>${say.none}</p>` : ''}
    <dl class="facts">
      ${counts(say.inserted, report.inserted)} ${counts(say.relinked, report.relinked)}
      ${counts(say.overwritten, report.overwritten)} ${counts(say.keptRows, report.kept)}
      ${counts(say.skippedRows, report.skipped)}
    </dl>
    ${
      newKeys.length > 0
        ? html`<p>
            ${say.newKeys(newKeys.map(({ table, from, to }) => `${table} ${valueText(from)} → ${valueText(to)}`).join(', '))}
          </p>`
        : ''
    }
    ${triggers.length > 0 ? html`<p>${say.triggers(triggers.join(', '))}</p>` : ''}
    ${
      alsoChanged.length > 0
        ? html`<p class="warning">
            ${say.alsoChanged(alsoChanged.map(({ table, count }) => `${table} (${count})`).join(', '))}
          </p>`
        : ''
    }
    ${lostColumns.length > 0 ? html`<p class="warning">${say.lost(lostColumns.join(', '))}</p>` : ''}
    ${report.dryRun ? decide(view, job, report, nothing) : ''}`;
}

const WAYS = ['overwrite', 'skip', 'as-new', 'keep'] as const;

function decide(view: View, job: Job, report: RecoverReport, nothing: boolean): Html | '' {
  const { rights, texts } = view;
  const { rows: say, format } = texts;
  const way = job.rows?.onConflict;
  const form = (content: Html): Html =>
    html`<form method="post" action="${linkTo(view, job.name!, '/recover')}" data-busy class="bar">
      <input type="hidden" name="job" value="${job.id}" />
      ${content}
    </form>`;
  const open = report.conflictCount > 0 && !way;
  return html`${way ? html`<p>${say.chosenWay(say.ways[way])}</p>` : ''}
  ${
    report.conflictCount > 0
      ? html`<p class="warning">${say.conflicts(format.number(report.conflictCount))}</p>
          ${rights.browse ? conflictList(view, report) : ''}
          ${form(
            html`${WAYS.filter((each) => each !== way).map(
              (each) => html`<button class="button" name="onConflict" value="${each}">${say.ways[each]}</button>`,
            )}`,
          )}`
      : ''
  }
  ${open || nothing ? '' : form(html`<button class="button danger" name="do" value="1">${say.go}</button>`)}`;
}

/** The form that makes a plan anew, where somebody has written meanwhile. */
export function planAgain(view: View, job: Job): Html {
  return html`<form method="post" action="${linkTo(view, job.name!, '/recover')}" data-busy>
    <input type="hidden" name="job" value="${job.id}" />
    <button class="button">${view.texts.rows.again}</button>
  </form>`;
}

function conflictList({ texts }: View, { conflicts }: RecoverReport): Html {
  const { rows: say } = texts;
  const pick = (row: Readonly<Record<string, SqlValue>>, columns: readonly string[]): Html[] =>
    columns.map((column) => html`<span><b>${column}</b> <bdi>${valueText(row[column] ?? null)}</bdi></span> `);
  return html`<ul class="rows">
    ${conflicts.slice(0, 20).map(
      ({ table, key, columns, backup, live }) =>
        html`<li>
          <b>${table} ${key?.map(valueText).join(', ') ?? ''}</b>
          <dl>
            <div>
              <dt>${say.was}</dt>
              <dd>${pick(backup, columns)}</dd>
            </div>
            <div>
              <dt>${say.is}</dt>
              <dd>${pick(live, columns)}</dd>
            </div>
          </dl>
        </li>`,
    )}
  </ul>`;
}
