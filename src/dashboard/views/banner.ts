import { html } from 'hono/html';
import type { Backup, Verdict, VerdictAnswer, VerdictMark } from '../../index.js';
import { newestGood } from '../advice.js';
import { sayAnswer } from '../texts/say.js';
import { markedAge, withAges } from './ages.js';
import { linkTo } from './view.js';
import type { Html, View } from './view.js';

/** What the banner is made of. */
export interface BannerState {
  readonly judged: Verdict;
  readonly backups: readonly Backup[];
  /** A backup is being made. */
  readonly running: boolean;
}

/** The first thing on the page: is the data safe, in a colour and a sentence, and the four answers that it is made of. */
export function banner(view: View, state: BannerState): Html {
  const { texts, now } = view;
  const { judged, running } = state;
  const { level, worst } = judged;
  const words = sayAnswer(level === 'good' ? judged.recent : worst, texts, now, markedAge(texts.format.age));
  return html`<section class="banner ${level}" aria-labelledby="verdict">
    <div class="head">
      ${ICONS[level]}
      <div class="say">
        <h2 id="verdict" data-lost="${texts.lost}">${texts.verdict.headline(judged)}</h2>
        <p id="verdict-say" data-lost="${texts.lostNote}">${withAges(words.say)}</p>
        ${level === 'bad' && !mayHelp(view, state) ? html`<p>${texts.ask}</p>` : ''} ${progress(view, running)}
      </div>
      <div class="acts">${backUpNow(view, state)} ${goBack(view, state)}</div>
    </div>
    <ul class="checks">
      ${judged.answers.map((answer) => check(view, state, answer))}
    </ul>
  </section>`;
}

function check(view: View, state: BannerState, answer: VerdictAnswer): Html {
  const { texts, now } = view;
  const { say, more } = sayAnswer(answer, texts, now, markedAge(texts.format.age));
  return html`<li class="${answer.mark}">
    <h3>
      ${MARKS[answer.mark]}<span class="hidden">${texts.marks[answer.mark]}: </span>${
        texts.verdict.questions[answer.question]
      }
    </h3>
    <p class="fact">${withAges(say)}</p>
    ${more ? html`<p class="more">${withAges(more)}</p>` : ''} ${remedy(view, state, answer)}
  </li>`;
}

/** The one button that helps, if this reader may press it. What stands above in large is not repeated. */
function remedy(view: View, { backups, running }: BannerState, answer: VerdictAnswer): Html | '' {
  const { texts, rights, home } = view;
  const words = texts.remedies;
  const link = (href: string, text: string): Html => html`<a class="button small" href="${href}">${text}</a>`;
  const form = (action: string, text: string, name?: string, value?: string): Html =>
    html`<form method="post" action="${action}" data-busy>
      <button class="button small" ${name === undefined ? '' : html`name="${name}" value="${value}"`}>${text}</button>
    </form>`;
  const good = newestGood(backups);
  switch (answer.action) {
    case 'look-again':
      return link(home, words.lookAgain);
    case 'show-backups':
      return link('#backups', words.showBackups);
    case 'free-space':
      return backups.length > 0 ? link('#backups', words.freeSpace) : '';
    case 'verify':
    case 'drill':
      if (!rights.create || !good || running) return '';
      return answer.action === 'drill'
        ? form(linkTo(view, good.name, '/verify'), words.drill, 'level', 'drill')
        : form(linkTo(view, good.name, '/verify'), words.verify, 'level', 'full');
    case 'copy-elsewhere':
      if (answer.code !== 'only-here') return rights.create ? form(`${home}ship`, words.ship) : '';
      return rights.delete ? form(`${home}only-here`, words.acceptOnlyHere) : '';
    default:
      return '';
  }
}

/** Has this reader a button for a backup now? Never for what has just failed: what helps stands beside the answer. */
export function offersBackup({ rights }: View, { recent }: Verdict): boolean {
  return rights.create && (recent.mark === 'good' || recent.action === 'back-up');
}

function backUpNow(view: View, { judged, running }: BannerState): Html | '' {
  const { texts, home } = view;
  if (!offersBackup(view, judged)) return '';
  return html`<form method="post" action="${home}backups" data-live-form>
    <label for="note" class="hidden">${texts.note}</label>
    <input id="note" name="label" maxlength="200" placeholder="${texts.note}" autocomplete="off" />
    <button class="button primary" ${running ? html`disabled` : ''}>${texts.backUpNow}</button>
  </form>`;
}

function goBack(view: View, { judged, backups }: BannerState): Html | '' {
  const good = newestGood(backups);
  if (!view.rights.restore || !good) return '';
  // Where the database is gone, the newest is meant; else any moment may be.
  const isGone = judged.recent.action === 'restore';
  return html`<a
    class="${isGone ? 'button primary' : 'button'}"
    href="${isGone ? linkTo(view, good.name, '/restore') : `${view.home}go-back`}"
    >${view.texts.remedies.goBack}</a
  >`;
}

/** Is there a button for this reader that mends something? */
function mayHelp(view: View, state: BannerState): boolean {
  const { recent, worst } = state.judged;
  if (worst === recent && recent.action === 'back-up') return view.rights.create;
  if (worst === recent && recent.action === 'restore') return view.rights.restore;
  return remedy(view, state, worst) !== '';
}

function progress(view: View, running: boolean): Html {
  const { texts } = view;
  const { lock, copy, verify, publish } = texts.steps;
  return html`<div
    id="progress"
    class="progress"
    data-text="${texts.running}"
    data-textrestore="${texts.jobs.running.restore}"
    data-textlock="${lock}"
    data-textcopy="${copy}"
    data-textverify="${verify}"
    data-textpublish="${publish}"
    ${running ? '' : html`hidden`}
  >
    <p>
      <span id="progress-text" role="status">${texts.running}</span>
      <span id="progress-percent" aria-hidden="true"></span>
    </p>
    <progress id="progress-bar" aria-label="${texts.running}"></progress>
  </div>`;
}

const icon = (path: Html): Html =>
  html`<svg class="icon" viewBox="0 0 48 48" aria-hidden="true">
    <path class="shield" d="M24 2l18 6.500v13.500c0 11-7.500 19-18 24C13.500 41 6 33 6 22V8.500z" />
    ${path}
  </svg>`;

const ICONS: Readonly<Record<VerdictMark, Html>> = {
  good: icon(html`<path class="sign" d="M15 24.500l6.500 6.500L34 18" />`),
  warning: icon(html`<path class="sign" d="M24 13v13M24 33v.5" />`),
  bad: icon(html`<path class="sign" d="M17 16l14 14M31 16L17 30" />`),
  unknown: icon(html`<path class="sign" d="M18.500 18a5.500 5.500 0 1 1 8 5c-1.700 1-2.500 2-2.500 4M24 33.500v.5" />`),
};

const mark = (path: Html): Html =>
  html`<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="7.500" />
    ${path}
  </svg>`;

/** Told apart by their form too, not by colour alone. */
const MARKS: Readonly<Record<VerdictMark, Html>> = {
  good: mark(html`<path d="M4.500 8.500l2.500 2.500L11.500 5.500" />`),
  warning: mark(html`<path d="M8 4v4.800M8 11.600v.1" />`),
  bad: mark(html`<path d="M5.500 5.500l5 5M10.500 5.500l-5 5" />`),
  unknown: mark(html`<path d="M5 8h6" />`),
};
