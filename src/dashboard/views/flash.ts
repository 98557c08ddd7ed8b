import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { reasonFor } from '../texts/index.js';
import type { Html, View } from './view.js';
import { linkTo } from './view.js';

/** The result of an action, for the page that it leads to. The page accepts known words and numbers only, so no foreign text gets in. */
export interface Flash {
  readonly done: FlashKind;
  readonly name?: string | undefined;
  /** The code of an error. */
  readonly code?: string;
  readonly method?: string;
  readonly safety?: string | undefined;
  readonly ms?: number;
}

const KINDS = [
  'created',
  'verified',
  'unsound',
  'protected',
  'unprotected',
  'deleted',
  'restored',
  'confirmation',
  'error',
] as const;
export type FlashKind = (typeof KINDS)[number];
const BAD = new Set<FlashKind>(['unsound', 'confirmation', 'error']);

export function flashQuery(flash: Flash): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(flash) as [string, string | number | undefined][]) {
    if (value !== undefined) query.set(key, String(value));
  }
  return `?${query.toString()}`;
}

/** The result of the last action, if the address has one; names only of backups that are listed. */
export function flash(view: View, backups: readonly Backup[]): Html | '' {
  const { texts } = view;
  const kind = KINDS.find((known) => known === view.query('done'));
  if (!kind) return '';
  const named = (parameter: string): Backup | undefined =>
    backups.find((backup) => backup.name === view.query(parameter));
  const say = texts.done[kind];
  const text =
    typeof say === 'string'
      ? say
      : kind === 'error'
        ? say(reasonFor(codeOf(view), texts))
        : say(named('name')?.name ?? '');
  return html`<section class="flash ${BAD.has(kind) ? 'bad' : 'good'}" role="${BAD.has(kind) ? 'alert' : 'status'}">
    <p>${text}</p>
    ${kind === 'restored' ? report(view, named('name'), named('safety')) : ''}
  </section>`;
}

function report(view: View, restored: Backup | undefined, safety: Backup | undefined): Html {
  const { texts } = view;
  const { format } = texts;
  const method = texts.reportMethods[view.query('method') ?? ''];
  const ms = Number(view.query('ms'));
  const fact = (name: string, value: string | Html | undefined): Html | '' =>
    value === undefined
      ? ''
      : html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`;
  return html`<h2>${texts.report}</h2>
    <dl class="facts">
      ${fact(texts.fileName, restored?.name)} ${fact(texts.taken, restored && format.date(restored.createdAt))}
      ${fact(texts.columns.size, restored && format.size(restored.sizeBytes))} ${fact(texts.reportMethod, method)}
      ${fact(texts.reportSafety, safety && html`<a href="${linkTo(view, safety.name)}">${safety.name}</a>`)}
      ${fact(texts.reportTime, Number.isFinite(ms) && ms > 0 && ms < 1e9 ? format.seconds(ms) : undefined)}
    </dl>`;
}

function codeOf(view: View): string {
  const code = view.query('code') ?? '';
  return /^ERR_[A-Z_]{1,40}$/.test(code) ? code : '';
}
