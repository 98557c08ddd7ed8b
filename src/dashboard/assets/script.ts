/**
 * Adds to the page, where JavaScript runs: live progress, a page that renews itself, a button that waits for the right
 * name. Plain ES2020 for browsers; everything works without it, other than live progress.
 */
export const SCRIPT = `
/** The number of the newest request; answers to older ones are dropped. */
let turn = 0;
/** As the server sent it, before anything was done to it here. */
let sent = document.getElementById('main').outerHTML;

function bind() {
  for (const form of document.querySelectorAll('form[data-busy]')) {
    form.addEventListener('submit', (event) => {
      if (form.classList.contains('busy')) return event.preventDefault();
      for (const button of form.querySelectorAll('button')) button.setAttribute('aria-disabled', 'true');
      form.classList.add('busy');
    });
  }
  for (const input of document.querySelectorAll('input[data-must-be]')) {
    const button = input.form.querySelector('button');
    const check = () => { button.disabled = input.value.trim().toLowerCase() !== input.dataset.mustBe; };
    input.addEventListener('input', check);
    check();
  }
}

async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.getElementById('main');
  if (!fresh) return location.reload();
  // Most often only time has passed: whoever reads, selects or walks through it is not disturbed.
  if (fresh.outerHTML === sent) return hideProgress();
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
  const mine = ++turn;
  const shows = document.querySelector('.flash') ? 'shown' : 'none';
  const answer = await fetch(location.href, { headers: { accept: 'text/html', 'x-autobackup-renew': shows } });
  // What this page waited for is over, and the server leads to where that is said.
  if (answer.redirected && /[?&]m=/.test(answer.url)) return location.replace(answer.url);
  // Logged out meanwhile: a page that can't know any more must not go on to say "safe".
  if (answer.status === 401 || answer.status === 403) return location.reload();
  if (answer.ok && mine === turn) await show(answer);
}

/** On the page of a job. A new phase, and the end, come with the page. */
function showJob({ id, state, phase, doneBytes, totalBytes }) {
  const box = document.getElementById('job');
  if (!box || box.dataset.id !== id) return;
  if (state !== 'running' || String(phase) !== box.dataset.phase) return renewSoon();
  const bar = document.getElementById('job-bar');
  if (!(totalBytes > 0)) return bar.removeAttribute('value');
  bar.max = totalBytes;
  bar.value = doneBytes;
  document.getElementById('job-percent').textContent = Math.floor((100 * doneBytes) / totalBytes) + ' %';
}

let renewing;
function renewSoon() {
  clearTimeout(renewing);
  renewing = setTimeout(() => renew().catch(() => {}), 150);
}

function showProgress({ step, kind, doneBytes, totalBytes }) {
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
  const text = box.dataset['text' + kind] || box.dataset['text' + box.dataset.step] || box.dataset.text;
  const shown = document.getElementById('progress-text');
  const percent = totalBytes > 0 ? ' ' + Math.floor((100 * doneBytes) / totalBytes) + ' %' : '';
  if (shown.textContent !== text) shown.textContent = text;
  document.getElementById('progress-percent').textContent = percent;
  const button = document.querySelector('form[data-live-form] button');
  if (button) button.disabled = true;
}

function hideProgress() {
  const box = document.getElementById('progress');
  if (box) box.hidden = true;
  const button = document.querySelector('form[data-live-form] button');
  if (button) button.disabled = false;
}

function listen() {
  const live = document.getElementById('main').dataset.live;
  if (!live || !window.EventSource) return;
  const source = new EventSource(live);
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
  source.addEventListener('job', (event) => showJob(JSON.parse(event.data)));
  source.addEventListener('changed', renewSoon);
}

// A page that the browser kept as it was left would still be busy.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
bind();
listen();
`;
