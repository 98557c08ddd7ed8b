/**
 * Adds to the page, where JavaScript runs: live progress, a page that renews itself, a button that waits for the right
 * name. Plain ES2020 for browsers; everything works without it, other than live progress.
 */
export const SCRIPT = `
let busy = false;
/** The number of the newest request; answers to older ones are dropped. */
let turn = 0;
/** As the server sent it, before anything was done to it here. */
let sent = document.getElementById('main').outerHTML;

function bind() {
  for (const form of document.querySelectorAll('form[data-live-form]')) form.addEventListener('submit', submitLive);
  for (const form of document.querySelectorAll('form[data-busy]')) {
    form.addEventListener('submit', (event) => {
      if (form.classList.contains('busy')) return event.preventDefault();
      for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
      form.classList.add('busy');
    });
  }
  for (const input of document.querySelectorAll('input[data-must-be]')) {
    const button = input.form.querySelector('button');
    const check = () => { button.disabled = input.value.trim() !== input.dataset.mustBe; };
    input.addEventListener('input', check);
    check();
  }
}

async function submitLive(event) {
  const form = event.currentTarget;
  event.preventDefault();
  if (busy) return;
  busy = true;
  form.querySelector('button').disabled = true;
  showProgress({ doneBytes: 0, totalBytes: 0 });
  try {
    const answer = await fetch(form.action, { method: 'POST', headers: { accept: 'text/html' } });
    turn += 1;
    await show(answer, true);
  } catch {
    location.reload();
  } finally {
    busy = false;
  }
}

async function show(answer, follow) {
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.getElementById('main');
  if (!fresh) return location.reload();
  if (follow) history.replaceState(null, '', answer.url);
  // Most often only time has passed: whoever reads, selects or walks through it is not disturbed.
  if (!follow && fresh.outerHTML === sent) return hideProgress();
  sent = fresh.outerHTML;
  const { id, href, className } = document.activeElement || {};
  document.title = page.title;
  const icon = page.querySelector('link[rel=icon]');
  if (icon) document.querySelector('link[rel=icon]').setAttribute('href', icon.getAttribute('href'));
  document.getElementById('main').replaceWith(fresh);
  bind();
  const isSame = (link) => link.href === href && link.className === className;
  const focused = id ? document.getElementById(id) : href && [...document.links].find(isSame);
  if (focused) focused.focus();
}

async function renew() {
  if (busy) return;
  const mine = ++turn;
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
  // Logged out meanwhile: a page that can't know any more must not go on to say "safe".
  if (answer.status === 401 || answer.status === 403) return location.reload();
  if (answer.ok && !busy && mine === turn) await show(answer, false);
}

function showProgress({ step, doneBytes, totalBytes }) {
  const box = document.getElementById('progress');
  if (!box) return;
  box.hidden = false;
  const bar = document.getElementById('progress-bar');
  if (totalBytes > 0) {
    bar.max = totalBytes;
    bar.value = doneBytes;
  } else {
    bar.removeAttribute('value');
  }
  box.dataset.step = step || (totalBytes > 0 && doneBytes >= totalBytes ? 'verify' : totalBytes > 0 ? 'copy' : '');
  const text = box.dataset['text' + box.dataset.step] || box.dataset.text;
  const shown = document.getElementById('progress-text');
  const percent = totalBytes > 0 ? ' ' + Math.floor((100 * doneBytes) / totalBytes) + ' %' : '';
  if (shown.textContent !== text) shown.textContent = text;
  document.getElementById('progress-percent').textContent = percent;
  const button = document.querySelector('form[data-live-form] button');
  if (button) button.disabled = true;
}

function hideProgress() {
  if (busy) return;
  const box = document.getElementById('progress');
  if (box) box.hidden = true;
  const button = document.querySelector('form[data-live-form] button');
  if (button) button.disabled = false;
}

function listen() {
  const live = document.getElementById('main').dataset.live;
  if (!live || !window.EventSource) return;
  const source = new EventSource(live);
  let renewing;
  // Events between the loading of the page and this connection were missed. It reconnects every minute: then the page shows
  // also what no event tells, that a backup has become due.
  source.addEventListener('open', () => renew().catch(() => {}));
  source.addEventListener('error', () => {
    if (source.readyState !== EventSource.CLOSED) return;
    renew().catch(() => {});
    setTimeout(listen, 60000);
  });
  source.addEventListener('progress', (event) => showProgress(JSON.parse(event.data)));
  source.addEventListener('idle', hideProgress);
  source.addEventListener('changed', () => {
    clearTimeout(renewing);
    renewing = setTimeout(() => renew().catch(() => {}), 150);
  });
}

// A page that the browser kept as it was left would still be busy.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
bind();
listen();
`;
