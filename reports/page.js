/* Adds to a page that is complete without it: filters kept in the address, sorting, keys, zoom. Asks for nothing. */
'use strict';
(() => {
  const form = document.querySelector('.filters');
  const table = document.querySelector('table.metrics');
  const rows = table ? [...table.querySelectorAll('tbody tr[data-state]')] : [];
  const bodies = table ? [...table.querySelectorAll('tbody[data-group]')] : [];
  const PREFIX = '#filter?';
  const NAMES = ['state', 'severity', 'kind'];

  const values = () => Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, String(v)]).filter(([, v]) => v !== ''));

  function apply(wanted) {
    const words = (wanted.q || '').toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const row of rows) {
      const { dataset } = row;
      const text = `${dataset.title} ${dataset.search} ${row.textContent}`.toLowerCase();
      const inGroup = !wanted.group || row.parentElement.dataset.group === wanted.group;
      const isShown = inGroup && NAMES.every(name => !wanted[name] || dataset[name] === wanted[name]) && words.every(w => text.includes(w));
      row.hidden = !isShown;
      if (isShown) n++;
    }
    for (const body of bodies) body.hidden = ![...body.querySelectorAll('tr[data-state]')].some(row => !row.hidden);
    form.querySelector('.found').textContent = n === rows.length ? `${n} rows` : `${n} of ${rows.length} rows`;
  }

  function remember(wanted) {
    const text = new URLSearchParams(wanted).toString();
    history.replaceState(null, '', text === '' ? '#metricTable' : PREFIX + text);
  }

  function restore() {
    if (!location.hash.startsWith(PREFIX)) return false;
    const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(PREFIX.length)));
    for (const [name, value] of Object.entries(wanted)) {
      const field = form.elements.namedItem(name);
      if (field && 'value' in field) field.value = value;
    }
    apply(values());
    return true;
  }

  /* A link to a row shows it whatever the filter hides. */
  function showTarget() {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (target === null) return;
    if (rows.includes(target) && target.hidden) {
      form.reset();
      apply({});
    }
    const closed = target.closest('details');
    if (closed) closed.open = true;
    target.scrollIntoView({ block: 'center' });
  }

  function sortBy(head, button) {
    const key = head.dataset.sort;
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of table.querySelectorAll('[aria-sort]')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const isText = key === 'title' || key === 'state';
    for (const body of bodies) {
      const own = [...body.querySelectorAll('tr[data-state]')];
      own.sort((a, b) => {
        const [p, q] = [a.dataset[key], b.dataset[key]];
        if (!isText && (p === '' || q === '')) return (p === '' ? 1 : 0) - (q === '' ? 1 : 0);
        const d = isText ? p.localeCompare(q, 'en') : Number(p) - Number(q);
        return up ? d : -d;
      });
      body.append(...own);
    }
    button.focus();
  }

  function moveRow(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const shown = rows.filter(r => !r.hidden).sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1));
    const at = shown.indexOf(event.target.closest('tr'));
    const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, at + step))];
    const link = next && next.querySelector('th a');
    if (!link) return;
    event.preventDefault();
    link.focus();
  }

  if (form && rows.length > 0) {
    form.hidden = false;
    form.addEventListener('input', () => { const wanted = values(); apply(wanted); remember(wanted); });
    form.addEventListener('reset', () => setTimeout(() => { apply({}); remember({}); }));
    form.addEventListener('submit', event => event.preventDefault());
    form.addEventListener('keydown', event => {
      if (event.key === 'Escape') form.reset();
      if (event.key === 'ArrowDown' && event.target.type === 'search') moveRow(event);
    });
    table.addEventListener('keydown', moveRow);
    for (const head of table.querySelectorAll('th[data-sort]')) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      button.addEventListener('click', () => sortBy(head, button));
      head.append(button);
    }
    apply({});
    if (!restore()) showTarget();
    addEventListener('hashchange', () => { if (!restore()) showTarget(); });
  }

  /* A detector is an SVG whose view box moves. */
  for (const viewer of document.querySelectorAll('.viewer')) {
    const svg = viewer.querySelector('svg.detector');
    const whole = svg.getAttribute('viewBox').split(' ').map(Number);
    let box = [...whole];
    const show = () => {
      box[2] = Math.min(whole[2], Math.max(whole[2] / 32, box[2]));
      box[3] = box[2] * whole[3] / whole[2];
      box[0] = Math.min(whole[0] + whole[2] - box[2], Math.max(whole[0], box[0]));
      box[1] = Math.min(whole[1] + whole[3] - box[3], Math.max(whole[1], box[1]));
      svg.setAttribute('viewBox', box.join(' '));
      svg.style.setProperty('--zoom', whole[2] / box[2]);
      viewer.querySelector('.zoom-level').textContent = `${(whole[2] / box[2]).toFixed(1)} ×`;
    };
    const zoom = (factor, u = 0.5, v = 0.5) => {
      const [w, h] = [box[2], box[3]];
      box[2] = Math.min(whole[2], Math.max(whole[2] / 32, w / factor));
      box[3] = box[2] * whole[3] / whole[2];
      box[0] += (w - box[2]) * u;
      box[1] += (h - box[3]) * v;
      show();
    };
    const keys = { '+': () => zoom(1.5), '=': () => zoom(1.5), '-': () => zoom(1 / 1.5), 0: () => { box = [...whole]; show(); },
      ArrowLeft: () => { box[0] -= box[2] / 8; show(); }, ArrowRight: () => { box[0] += box[2] / 8; show(); },
      ArrowUp: () => { box[1] -= box[3] / 8; show(); }, ArrowDown: () => { box[1] += box[3] / 8; show(); } };
    svg.tabIndex = 0;
    svg.addEventListener('keydown', event => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    svg.addEventListener('wheel', event => {
      if (!event.ctrlKey && document.activeElement !== svg) return;
      event.preventDefault();
      const frame = svg.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, (event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height);
    }, { passive: false });
    svg.addEventListener('pointerdown', event => {
      svg.focus();
      if (event.pointerType === 'touch' && box[2] === whole[2]) return;
      svg.setPointerCapture(event.pointerId);
      const [x, y, start, scale] = [event.clientX, event.clientY, [...box], box[2] / svg.getBoundingClientRect().width];
      const move = e => { box[0] = start[0] - (e.clientX - x) * scale; box[1] = start[1] - (e.clientY - y) * scale; show(); };
      svg.addEventListener('pointermove', move);
      svg.addEventListener('pointerup', () => svg.removeEventListener('pointermove', move), { once: true });
      svg.addEventListener('pointercancel', () => svg.removeEventListener('pointermove', move), { once: true });
    });
    const tools = viewer.querySelector('.zoom-tools');
    tools.hidden = false;
    tools.addEventListener('click', event => { const key = event.target.dataset.key; if (key) keys[key](); });
    show();
  }
})();
