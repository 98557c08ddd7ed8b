import { html } from 'hono/html';
import type { Backup, ServiceRules } from '../../index.js';
import { problemsFor } from '../../service/redact.js';
import { readerWith } from '../json.js';
import type { ServiceView } from '../service-view.js';
import { ageOf } from './ages.js';
import { compareForm } from './changes.js';
import { flash } from './flash.js';
import { layout } from './layout.js';
import { offsiteList } from './offsite.js';
import { sayKept } from './rules.js';
import { labelOf, verificationOf } from './table.js';
import type { Html, View } from './view.js';
import { linkHome, linkTo } from './view.js';

/** The page of one backup: its facts and its actions. */
export function detailPage(
  view: View,
  serviceView: ServiceView,
  backup: Backup,
  { kept, goNext }: Pick<ServiceRules, 'kept' | 'goNext'>,
): Html {
  const { texts } = view;
  const { format } = texts;
  const { name, createdAt, sizeBytes, label, sha256, manifest, problem, findings = [], lastVerification } = backup;
  const fact = (title: string, value: string | Html | undefined): Html | '' =>
    value === undefined
      ? ''
      : html`<div>
          <dt>${title}</dt>
          <dd>${value}</dd>
        </div>`;
  const failed = lastVerification?.ok === false ? (lastVerification.problems ?? []) : [];
  const problems = problemsFor(failed, readerWith(view.rights, serviceView.service));
  const body = html`${linkHome(view)} ${flash(view, [backup])}
    <section class="card" aria-labelledby="title">
      <h1 id="title">${format.date(createdAt)} <small>${ageOf(view, createdAt)}</small></h1>
      ${problem ? html`<p class="tag bad">${texts.problems[problem] ?? problem}</p>` : ''}
      ${goNext.some(({ name: going }) => going === name) ? html`<p class="tag warning">${texts.list.goesNext}</p>` : ''}
      <dl class="facts">
        ${fact(texts.fileName, name)} ${fact(texts.columns.size, format.size(sizeBytes))}
        ${fact(texts.columns.label, label === undefined ? undefined : labelOf(view, label))}
        ${fact(texts.columns.verified, verificationOf(view, backup))}
        ${fact(texts.columns.protected, backup.protected ? texts.protectedNote : texts.notProtected)}
        ${fact(texts.columns.offsite, backup.copies?.length ? offsiteList(view, backup) : undefined)}
        ${fact(texts.kept.title, whyKept(view, serviceView, backup, kept))}
        ${fact(texts.upload.at, manifest?.importedAt && format.date(new Date(manifest.importedAt)))}
        ${fact(texts.pages, manifest && format.number(manifest.pageCount))}
        ${fact(texts.duration, manifest && format.seconds(manifest.durationMs))}
        ${fact(texts.sha256, sha256 && html`<code>${sha256}</code>`)}
      </dl>
      ${
        problems.length > 0
          ? html`<ul class="problems">
              ${problems.slice(0, 20).map((text) => html`<li>${text}</li>`)}
            </ul>`
          : ''
      }
      ${
        findings.length > 0
          ? html`<h2>${texts.findings}</h2>
              <p>${texts.findingsNote}</p>
              <ul class="findings">
                ${findings.map((text) => html`<li>${text}</li>`)}
              </ul>`
          : ''
      }
    </section>
    ${actions(view, backup)}`;
  return layout(view, { title: `${name} · ${serviceView.title(texts)}`, body });
}

function whyKept(
  view: View,
  { service }: ServiceView,
  { name }: Backup,
  kept: ServiceRules['kept'],
): string | undefined {
  const stores = service.copies.map((store) => store.name);
  return kept
    .find(({ backup }) => backup.name === name)
    ?.reasons.map((reason) => sayKept(view, reason, stores))
    .join('; ');
}

function actions(view: View, { name, protected: isProtected }: Backup): Html {
  const { texts, rights } = view;
  const { notes } = texts;
  const action = (allowed: boolean, title: string, note: string, control: Html): Html | '' =>
    allowed
      ? html`<li>
          <div>
            <h2>${title}</h2>
            <p>${note}</p>
          </div>
          ${control}
        </li>`
      : '';
  const link = (below: string, text: string): Html =>
    html`<a class="button danger" href="${linkTo(view, name, below)}">${text}</a>`;
  return html`<ul class="card todo">
    ${action(
      rights.download,
      texts.download,
      notes.download,
      html`<a class="button primary" href="${linkTo(view, name, '/download')}" download>${texts.download}</a>`,
    )}
    ${action(rights.create, texts.verify, notes.verify, verifyForm(view, name))}
    ${action(
      rights.delete,
      isProtected ? texts.unprotect : texts.protect,
      isProtected ? notes.unprotect : notes.protect,
      html`<form method="post" action="${linkTo(view, name, '/protect')}" data-busy>
        <button class="button" name="on" value="${isProtected ? 'false' : 'true'}">
          ${isProtected ? texts.unprotect : texts.protect}
        </button>
      </form>`,
    )}
    ${action(
      rights.browse,
      texts.query.title,
      texts.query.note,
      html`<a class="button" href="${linkTo(view, name, '/query')}">${texts.query.open}</a>`,
    )}
    ${action(rights.browse, texts.rows.title, texts.rows.note, compareForm(view, name))}
    ${action(rights.restore, texts.restoreName, notes.restore, link('/restore', texts.restore))}
    ${action(rights.delete && !isProtected, texts.deleteName, notes.delete, link('/delete', texts.delete))}
  </ul>`;
}

function verifyForm(view: View, name: string): Html {
  const { texts } = view;
  return html`<form method="post" action="${linkTo(view, name, '/verify')}" data-busy>
    <label for="level" class="hidden">${texts.verifyHow}</label>
    <select id="level" name="level">
      ${Object.entries(texts.verifyLevels).map(([level, text]) => html`<option value="${level}">${text}</option>`)}
    </select>
    <button class="button">${texts.verify}</button>
  </form>`;
}
