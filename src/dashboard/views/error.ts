import { html } from 'hono/html';
import type { PublicError } from '../http-error.js';
import { reasonFor } from '../texts/index.js';
import type { Texts } from '../texts/index.js';
import { layout } from './layout.js';
import type { Html, View } from './view.js';

/** The message and the code: no paths, no stack, nothing of what was asked for. */
export function errorPage(view: View, error: PublicError): Html {
  const { texts } = view;
  const body = html`<section class="card ask" aria-labelledby="title">
    <h1 id="title">${texts.errorTitle}</h1>
    <p>${errorText(error, texts)}</p>
    <p class="code">${texts.code}: <code>${error.code}</code></p>
    <nav><a href="${view.home}">← ${texts.back}</a></nav>
  </section>`;
  return layout(view, { title: texts.errorTitle, level: 'bad', body });
}

/** The page for visitors whom `authorize` does not let in. Most often their session has ended. */
export function loggedOutPage(view: View, loginAddress: string | undefined): Html {
  const { texts } = view;
  const body = html`<section class="card ask" aria-labelledby="title">
    <h1 id="title">${texts.loggedOut.title}</h1>
    <p>${loginAddress === undefined ? texts.loggedOut.ask : texts.loggedOut.text}</p>
    ${loginAddress === undefined ? '' : html`<p><a class="button primary" href="${loginAddress}">${texts.loggedOut.login}</a></p>`}
    <p class="code">${texts.code}: <code>ERR_DASHBOARD_FORBIDDEN</code></p>
  </section>`;
  return layout(view, { title: texts.loggedOut.title, level: 'warning', body });
}

export function errorText({ code }: PublicError, texts: Texts): string {
  return texts.errors[code] ?? texts.done.error(reasonFor(code, texts));
}
