import { html } from 'hono/html';
import type { ServiceView } from '../service-view.js';
import { flash } from './flash.js';
import { layout } from './layout.js';
import { linkHome } from './view.js';
import type { Html, View } from './view.js';

/** The form that brings a backup file in. Its texts come before the file, so that they are known when that begins. */
export function uploadPage(view: View, serviceView: ServiceView): Html {
  const { texts, home } = view;
  const { title, note, taken, takenNote, label, file, limit, send } = texts.upload;
  const body = html`${linkHome(view)} ${flash(view, [])}
    <section class="card ask" aria-labelledby="title">
      <h1 id="title">${title}</h1>
      ${note.map((text) => html`<p>${text}</p>`)}
      <form method="post" action="${home}upload" enctype="multipart/form-data" data-busy>
        <label for="taken">${taken} <small id="taken-note">${takenNote(texts.format.zone)}</small></label>
        <input id="taken" name="taken" type="datetime-local" aria-describedby="taken-note" />
        <label for="label">${label}</label>
        <input id="label" name="label" maxlength="200" />
        <label for="file"
          >${file} <small id="file-note">${limit(texts.format.size(serviceView.uploadLimit))}</small></label
        >
        <input id="file" name="file" type="file" required aria-describedby="file-note" />
        <button class="button primary">${send}</button>
      </form>
    </section>`;
  return layout(view, { title: `${title} · ${serviceView.title(texts)}`, body });
}
