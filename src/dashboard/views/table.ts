import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { isImported } from '../../service/imported.js';
import { addressOf, CHIPS, choose, growths, isShownBy, readChoice, SORTS } from '../filter.js';
import type { Choice, Known, Sort } from '../filter.js';
import { BY_HAND } from '../operations.js';
import { ageOf } from './ages.js';
import { linkTo } from './view.js';
import type { Html, View } from './view.js';

/** As many rows as a browser draws at once without a thought; choosing and sorting is done here, over all of them. */
const PAGE_SIZE = 50;

/** The list: a search, chips, the backups by day, and what can be done with several of them. */
export function backupTable(view: View, backups: readonly Backup[], goNext: ReadonlySet<string>): Html {
  const { texts } = view;
  const choice = readChoice(view.query);
  const known: Known = { goNext, textsOf: textsOf(view) };
  const chosen = choose(backups, choice, known);
  const pages = Math.max(1, Math.ceil(chosen.length / PAGE_SIZE));
  const page = Math.min(pages, choice.page);
  const rows = chosen.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
  const list = { goNext, growth: growths(backups), byDay: choice.sort === 'date' };
  return html`${search(view, choice)} ${chips(view, choice, backups, known)}
  ${rows.length === 0 ? html`<p class="empty">${texts.list.nothing}</p>` : table(view, choice, rows, list)}
  ${pages > 1 ? pagination(view, { ...choice, page }, pages) : ''}`;
}

interface List {
  readonly goNext: ReadonlySet<string>;
  readonly growth: ReadonlyMap<string, number>;
  readonly byDay: boolean;
}

function textsOf({ texts, wordsFor }: View): Known['textsOf'] {
  return ({ createdAt, label }) => [
    texts.format.date(createdAt),
    ...(label === undefined ? [] : [label === BY_HAND ? texts.byHand : (wordsFor(label) ?? '')]),
  ];
}

function search({ texts, home }: View, choice: Choice): Html {
  const { list } = texts;
  return html`<form method="get" action="${home}#backups" class="search" role="search">
    <label for="q" class="hidden">${list.search}</label>
    <input id="q" name="q" type="search" value="${choice.search}" placeholder="${list.search}" maxlength="100" />
    ${choice.chip === 'all' ? '' : html`<input type="hidden" name="show" value="${choice.chip}" />`}
    <button class="button small">${list.find}</button>
  </form>`;
}

function chips({ texts, home }: View, choice: Choice, backups: readonly Backup[], known: Known): Html {
  const shown = CHIPS.map((chip) => ({
    chip,
    count: backups.filter((backup) => isShownBy(chip, backup, known)).length,
  })).filter(({ chip, count }) => chip === 'all' || chip === choice.chip || count > 0);
  return html`<ul class="chips" aria-label="${texts.list.chips}">
    ${shown.map(
      ({ chip, count }) =>
        html`<li>
          <a
            class="chip"
            href="${home}${addressOf({ ...choice, chip, page: 1 })}"
            ${chip === choice.chip ? html`aria-current="true"` : ''}
            >${texts.list.chip[chip]} <span>${texts.format.number(count)}</span></a
          >
        </li>`,
    )}
  </ul>`;
}

function table(view: View, choice: Choice, rows: readonly Backup[], list: List): Html {
  const { texts, rights, home } = view;
  const { several } = texts.list;
  const groups = list.byDay ? byDay(view, rows) : [{ title: undefined, rows }];
  const twins = sameMinute(view, rows);
  return html`<table class="backups">
      <thead>
        <tr>
          ${rights.delete ? html`<th scope="col"><span class="hidden">${several.choose}</span></th>` : ''}
          ${SORTS.map((sort) => heading(view, sort, choice))}
          <th scope="col"><span class="hidden">${texts.actions}</span></th>
        </tr>
      </thead>
      ${groups.map(
        (group) =>
          html`<tbody>
            ${
              group.title === undefined
                ? ''
                : html`<tr class="day">
                    <th scope="rowgroup" colspan="${rights.delete ? 5 : 4}">${group.title}</th>
                  </tr>`
            }
            ${group.rows.map((backup) => row(view, backup, list, twins))}
          </tbody>`,
      )}
    </table>
    ${
      rights.delete
        ? html`<form id="several" method="get" action="${home}selected" class="several">
            <span>${several.with}</span>
            <button class="button small" name="do" value="protect">${texts.protect}</button>
            <button class="button small" name="do" value="unprotect">${texts.unprotect}</button>
            <button class="button small danger" name="do" value="delete">${texts.delete}</button>
          </form>`
        : ''
    }`;
}

/** Rows of the same day together, in their order. Days are those of this computer's time zone, as everywhere. */
function byDay({ texts, now }: View, rows: readonly Backup[]): { title: string; rows: Backup[] }[] {
  const groups: { title: string; rows: Backup[] }[] = [];
  for (const backup of rows) {
    const title = texts.format.dayName(backup.createdAt, now);
    const last = groups.at(-1);
    if (last?.title === title) last.rows.push(backup);
    else groups.push({ title, rows: [backup] });
  }
  return groups;
}

/** The backups whose minute another one shares: they need seconds to be told apart. */
function sameMinute({ texts }: View, rows: readonly Backup[]): ReadonlySet<Backup> {
  const minutes = new Map<string, Backup[]>();
  for (const backup of rows) {
    const minute = texts.format.date(backup.createdAt);
    minutes.set(minute, [...(minutes.get(minute) ?? []), backup]);
  }
  return new Set([...minutes.values()].filter((each) => each.length > 1).flat());
}

function row(view: View, backup: Backup, { goNext, growth, byDay: hasDays }: List, twins: ReadonlySet<Backup>): Html {
  const { texts, rights } = view;
  const { format, list } = texts;
  const { name, createdAt, sizeBytes, label } = backup;
  const seconds = twins.has(backup);
  const at = hasDays ? format.time(createdAt, seconds) : format.date(createdAt, seconds);
  const grown = growth.get(name) ?? 0;
  return html`<tr>
    ${
      rights.delete
        ? html`<td class="choose">
            <label
              ><span class="hidden">${list.several.one(format.date(createdAt, true))}</span
              ><input type="checkbox" name="b" value="${name}" form="several"
            /></label>
          </td>`
        : ''
    }
    <th scope="row">
      <a href="${linkTo(view, name)}" title="${name}"><time datetime="${createdAt.toISOString()}">${at}</time></a>
      <small>${ageOf(view, createdAt)}</small>
    </th>
    <td data-name="${texts.columns.label}" class="label">
      ${label === undefined ? '–' : labelOf(view, label)} ${tags(view, backup, goNext)}
    </td>
    <td data-name="${texts.columns.size}" class="size">
      ${format.size(sizeBytes)}${grown === 0 ? '' : html` <small>${grown > 0 ? '+' : '−'}${format.size(Math.abs(grown))}</small>`}
    </td>
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

/** What is out of the ordinary with a backup, and nothing else: that it was checked when it was made goes without saying. */
function tags(view: View, backup: Backup, goNext: ReadonlySet<string>): Html | '' {
  const { texts } = view;
  const { problem, lastVerification: last, verified, copies = [] } = backup;
  const tag = (kind: string, text: string): Html => html`<span class="tag ${kind}">${text}</span> `;
  const waits = copies.some(({ state }) => state === 'pending');
  const all = [
    ...(problem ? [tag('bad', texts.problems[problem] ?? problem)] : []),
    ...(last?.ok === false ? [tag('bad', texts.verifyFailed)] : []),
    ...(!problem && !last && !verified ? [tag('plain', texts.notVerified)] : []),
    ...(last?.ok === true && last.level === 'drill' ? [tag('good', texts.verifiedAs['drill']!)] : []),
    ...(backup.protected ? [tag('good', texts.list.protected)] : []),
    ...(isImported(backup) ? [tag('plain', texts.upload.tag)] : []),
    ...(waits ? [tag('warning', texts.offsite.pending)] : []),
    ...(goNext.has(backup.name) ? [tag('warning', texts.list.goesNext)] : []),
  ];
  return all.length === 0 ? '' : html`<span class="tags">${all}</span>`;
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
    <small>${ageOf(view, at)}</small>`;
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

function heading(view: View, sort: Sort, choice: Choice): Html {
  const { texts, home } = view;
  const name = texts.columns[sort];
  const isCurrent = choice.sort === sort;
  const descending = isCurrent ? !choice.descending : sort !== 'label';
  const sorted = !isCurrent ? '' : html` aria-sort="${choice.descending ? 'descending' : 'ascending'}"`;
  return html`<th scope="col" class="${sort}" ${sorted}>
    <a href="${home}${addressOf({ ...choice, sort, descending, page: 1 })}" aria-label="${texts.sortBy(name)}"
      >${name}<span class="arrow" aria-hidden="true">${isCurrent ? (choice.descending ? '▼' : '▲') : ''}</span></a
    >
  </th>`;
}

function pagination(view: View, choice: Choice, pages: number): Html {
  const { texts, home } = view;
  const { page } = choice;
  const link = (to: number, text: string): Html =>
    to < 1 || to > pages
      ? html`<span class="button small off">${text}</span>`
      : html`<a class="button small" href="${home}${addressOf({ ...choice, page: to })}">${text}</a>`;
  return html`<nav class="pages" aria-label="${texts.pagination}">
    ${link(page - 1, texts.previous)}
    <span>${texts.page(texts.format.number(page), texts.format.number(pages))}</span>
    ${link(page + 1, texts.next)}
  </nav>`;
}
