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

/** What somebody has typed, ticked or opened stays when the page renews itself. */
function keepInputs(before, fresh) {
  const keyOf = (each) => each.tagName + ' ' + (each.id || each.name + ' ' + (each.type === 'checkbox' ? each.value : ''));
  const fields = new Map([...fresh.querySelectorAll('input, select, textarea')].map((each) => [keyOf(each), each]));
  for (const each of before.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const same = fields.get(keyOf(each));
    if (!same) continue;
    if (each.type === 'checkbox') same.checked = each.checked;
    else if (each.tagName === 'SELECT' || each.value !== each.defaultValue) same.value = each.value;
  }
  const opened = [...before.querySelectorAll('details')].map(({ open }) => open);
  for (const [i, each] of [...fresh.querySelectorAll('details')].entries()) each.open = opened[i] === true;
}

async function show(answer, mine) {
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (mine !== turn) return;
  const fresh = page.getElementById('main');
  if (!fresh) return location.reload();
  // Most often only time has passed: whoever reads, selects or walks through it is not disturbed.
  if (fresh.outerHTML === sent) {
    if (fresh.querySelector('#progress[hidden]')) hideProgress();
    return;
  }
  sent = fresh.outerHTML;
  const { id, href, className } = document.activeElement || {};
  document.title = page.title;
  const icon = page.querySelector('link[rel=icon]');
  if (icon) document.querySelector('link[rel=icon]').setAttribute('href', icon.getAttribute('href'));
  const main = document.getElementById('main');
  keepInputs(main, fresh);
  main.replaceWith(fresh);
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
  if (answer.ok && mine === turn) await show(answer, mine);
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
  if (button) button.disabled = isLost;
}

/** A stream is ended every minute and made again within some seconds; only what takes longer is a lost connection. */
const LOST_MS = 6000;
let lostTimer;
let isLost = false;

function lost() {
  clearTimeout(lostTimer);
  lostTimer = undefined;
  const heading = document.getElementById('verdict');
  if (isLost || !heading) return;
  isLost = true;
  // An answer that is still on its way is from before.
  turn += 1;
  const say = document.getElementById('verdict-say');
  heading.textContent = heading.dataset.lost;
  say.textContent = say.dataset.lost;
  say.setAttribute('role', 'status');
  document.getElementById('main').classList.add('lost');
  // What is pressed now does not arrive. The page that comes with the connection has them as they are then.
  for (const button of document.querySelectorAll('form[method=post] button')) button.disabled = true;
  heading.closest('.banner').className = 'banner unknown';
  document.title = heading.dataset.lost + document.title.replace(/^[^·]*(?= ·)/, ' ').replace(/^ +/, ' ');
  const icon = document.querySelector('link[rel=icon]');
  icon.setAttribute('href', icon.getAttribute('href').replace(/[a-z]+[.]svg$/, 'unknown.svg'));
}

async function found() {
  clearTimeout(lostTimer);
  lostTimer = undefined;
  if (isLost) sent = '';
  await renew();
  isLost = false;
}

const UNITS = [['year', 31536000], ['month', 2592000], ['day', 86400], ['hour', 3600], ['minute', 60]];
/** As the server writes an age: only the words of its own that this page has not, "just now", stay until they are wrong. */
function tick() {
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang);
  for (const time of document.querySelectorAll('time[data-age]')) {
    const passed = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const [unit, length] = UNITS.find(([, size]) => Math.abs(passed) >= size) || ['second', 1];
    if (unit === 'second' && Math.abs(passed) < 10) continue;
    const text = relative.format(passed > 0 ? Math.round(passed / length) : Math.trunc(passed / length), unit);
    if (time.textContent !== text) time.textContent = text;
  }
}

function listen() {
  const live = document.getElementById('main').dataset.live;
  if (!live || !window.EventSource) return;
  // In the cache, for when no server answers.
  new Image().src = document.querySelector('link[rel=icon]').href.replace(/[a-z]+[.]svg$/, 'unknown.svg');
  const source = new EventSource(live);
  // Events between the loading of the page and this connection were missed. It reconnects every minute: then the page shows
  // also what no event tells, that a backup has become due.
  source.addEventListener('open', () => found().catch(lost));
  source.addEventListener('error', () => {
    lostTimer ??= setTimeout(lost, LOST_MS);
    if (source.readyState !== EventSource.CLOSED) return;
    found().catch(() => {});
    setTimeout(listen, 5000);
  });
  source.addEventListener('progress', (event) => showProgress(JSON.parse(event.data)));
  source.addEventListener('idle', hideProgress);
  source.addEventListener('job', (event) => showJob(JSON.parse(event.data)));
  source.addEventListener('changed', renewSoon);
}
addEventListener('offline', lost);
addEventListener('online', () => found().catch(lost));
setInterval(tick, 1000);

// A page that the browser kept as it was left would still be busy.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
bind();
listen();
`;
