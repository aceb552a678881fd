/** One script tag puts a chat launcher on the page; the chat itself is loaded when it is first opened. */
(() => {
  'use strict';

  const VERSION = '0.1.0';
  const WORDS = {
    pt: { chat: 'Conversar com', unread: (n) => (n === 1 ? '1 mensagem não lida' : `${n} mensagens não lidas`) },
    en: { chat: 'Chat with', unread: (n) => (n === 1 ? '1 unread message' : `${n} unread messages`) },
    es: { chat: 'Chatear con', unread: (n) => (n === 1 ? '1 mensaje sin leer' : `${n} mensajes sin leer`) },
  };
  const STYLE = `
    :host { all: initial !important; position: fixed !important; inset: auto !important; z-index: 2147483000 !important;
      display: block !important; width: 0 !important; height: 0 !important; color-scheme: light dark !important; }
    :host([hidden]) { display: none !important; }
    .launcher { position: fixed; inset-block-end: calc(20px + env(safe-area-inset-bottom)); inset-inline-end: 20px;
      width: 56px; height: 56px; padding: 0; border: 0; border-radius: 50%; display: grid; place-items: center; cursor: pointer;
      color: var(--on); background: var(--fill); -webkit-tap-highlight-color: transparent;
      box-shadow: 0 1px 2px rgb(16 24 40 / .16), 0 8px 24px -4px rgb(16 24 40 / .32); }
    .start .launcher { inset-inline: 20px auto; }
    .launcher:hover { filter: brightness(1.07); }
    .launcher:focus-visible { outline: 3px solid var(--on); outline-offset: -6px; box-shadow: 0 0 0 3px var(--fill); }
    .launcher svg { grid-area: 1 / 1; width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 1.9;
      stroke-linecap: round; stroke-linejoin: round; }
    .launcher .down, .open .launcher .talk { opacity: 0; scale: .6; }
    .open .launcher .down { opacity: 1; scale: 1; }
    .badge { position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-width: 22px; height: 22px; padding: 0 6px;
      box-sizing: border-box; border-radius: 11px; border: 2px solid #fff; background: #c81e3a; color: #fff; text-align: center;
      font: 600 12px/18px -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Arial, sans-serif; }
    .badge:empty { display: none; }
    @media (max-width: 480px) { .open .launcher { display: none; } }
    @media (forced-colors: active) { .launcher { border: 2px solid ButtonText; } }
    @media (prefers-reduced-motion: no-preference) {
      .launcher { transition: filter .15s, transform .15s; } .launcher:active { transform: scale(.94); }
      .launcher svg { transition: opacity .18s, scale .18s; } }
    @media print { :host { display: none !important; } }`;
  const TALK = 'M12 3.6c5 0 9 3.5 9 7.9s-4 7.9-9 7.9c-1 0-2-.15-2.9-.43L4.6 20.6l1-3.6A7.4 7.4 0 0 1 3 11.5c0-4.4 4-7.9 9-7.9ZM8.3 11.6h.01M12 11.6h.01M15.7 11.6h.01';
  const DOWN = 'm6 9.5 6 6 6-6';

  const tag = document.currentScript ?? document.querySelector('script[data-tenant][src*="widget.js"]');
  const slug = tag?.dataset.tenant;
  if (!slug) return console.warn('Timmy: the script tag needs data-tenant="…".');
  if (window.Timmy?.version) return window.Timmy.mount(); // a second tag, or the page's framework ran the first one again

  const { origin } = new URL(tag.src);
  const queue = window.Timmy?.q ?? [];
  const life = new AbortController();
  const host = document.createElement('timmy-chat');
  const page = tag.dataset.mode === 'page';
  let config, root, frame, launcher, badge, chat, loading, hidden = false, opened = false;

  /** @typedef {[number, number, number]} Rgb red, green and blue, 0–255 */
  /** @param {string | undefined} text @returns {Rgb | undefined} the colour of #rgb or #rrggbb */
  function parse(text) {
    const hex = /^#(?:[\da-f]{3}){1,2}$/i.test(text ?? '') && text.slice(1);
    if (!hex) return undefined;
    return (hex.length === 3 ? [...hex].map((c) => c + c) : hex.match(/../g)).map((c) => parseInt(c, 16));
  }

  /** @param {Rgb} rgb relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
  function luminance(rgb) {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  /** Mix `rgb` towards black (0) or white (255) until it stands out from `ground`. @param {Rgb} rgb @param {Rgb} ground */
  function readable(rgb, ground, towards) {
    for (let share = 0; share <= 1; share += 0.02) {
      const mixed = rgb.map((c) => Math.round(c + (towards - c) * share));
      const [dark, light] = [luminance(mixed), luminance(ground)].sort((a, b) => a - b);
      if ((light + 0.05) / (dark + 0.05) >= 4.6) return mixed;
    }
    return [towards, towards, towards];
  }

  /** Offer the business's colour where text stays readable on it and in it, whatever was chosen. */
  function paint() {
    const brand = parse(tag.dataset.color) ?? parse(config.color) ?? [47, 93, 80];
    const bright = luminance(brand) > 0.4;
    const set = (name, [r, g, b]) => frame.style.setProperty(name, `rgb(${r} ${g} ${b})`);
    set('--fill', bright ? brand : readable(brand, [255, 255, 255], 0));
    set('--on', bright ? [20, 23, 26] : [255, 255, 255]);
    set('--ink-light', readable(brand, [243, 244, 246], 0));
    set('--ink-dark', readable(brand, [43, 48, 57], 255));
  }

  /** @param {string} css */
  function adopt(css) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }

  function svg(className, path) {
    const make = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);
    const [drawing, line] = [make('svg'), make('path')];
    drawing.setAttribute('viewBox', '0 0 24 24');
    drawing.setAttribute('aria-hidden', 'true');
    drawing.setAttribute('class', className);
    line.setAttribute('d', path);
    drawing.append(line);
    return drawing;
  }

  /** Tell the page something happened; never what was said. */
  const emit = (name, detail = {}) => window.dispatchEvent(new CustomEvent(`timmy:${name}`, { detail }));

  /** The tag's language, then the page's, then the business's: `pt`, `en` or `es`. */
  function language() {
    const wanted = [tag.dataset.lang, document.documentElement.lang, config.language, navigator.language, 'pt'];
    return wanted.map((tongue) => (tongue ?? '').slice(0, 2).toLowerCase()).find((tongue) => tongue in WORDS);
  }

  /** @param {number} count */
  function unread(count) {
    const words = WORDS[language()];
    badge.textContent = count ? (count > 9 ? '9+' : String(count)) : '';
    launcher.setAttribute('aria-label', `${words.chat} ${config.agent_name}${count ? `, ${words.unread(count)}` : ''}`);
    emit('unread', { count });
  }

  function mount() {
    if (!host.isConnected) document.body.append(host);
  }

  function build() {
    root = host.attachShadow({ mode: 'open' });
    adopt(STYLE);
    frame = document.createElement('div');
    // "right" and "end" follow the page's direction, so that a right-to-left page has it where its readers look.
    if (/left|start/.test(tag.dataset.position ?? config.position ?? '')) frame.className = 'start';
    launcher = document.createElement('button');
    badge = document.createElement('span');
    launcher.type = 'button';
    launcher.className = 'launcher';
    badge.className = 'badge';
    badge.ariaHidden = 'true';
    launcher.setAttribute('aria-expanded', 'false');
    launcher.setAttribute('aria-haspopup', 'dialog');
    launcher.append(svg('talk', TALK), svg('down', DOWN), badge);
    launcher.addEventListener('click', () => api.toggle());
    // The files are small; asking for them when the pointer comes near hides their way.
    launcher.addEventListener('pointerenter', () => load().catch(() => {}), { once: true });
    unread(0);
    paint();
    if (!page) frame.append(launcher);
    root.append(frame);
    host.hidden = hidden;
    mount();
  }

  /** Load the chat once; a failed attempt may be repeated. */
  function load() {
    const from = `${origin}/widget/${config.code}`;
    loading ??= Promise.all([import(`${from}/chat.js`), import(`${from}/words-${language()}.js`)]).then(
      ([{ createChat }, { WORDS: words }]) =>
        createChat({ root, frame, adopt, svg, config, slug, origin, page, words, version: VERSION, emit, unread, close: api.close }),
      (error) => {
        loading = undefined;
        console.warn('Timmy: the chat could not be loaded.');
        emit('error', { code: 'load' });
        throw error;
      },
    );
    return loading;
  }

  async function open(focus = true) {
    if (!config) return void queue.push(['open']);
    if (opened) return;
    opened = true;
    try {
      chat ??= await load();
    } catch {
      opened = false;
      return;
    }
    if (!opened) return;
    frame.classList.add('open');
    launcher.setAttribute('aria-expanded', 'true');
    chat.show(focus);
    emit('open');
  }

  function close() {
    if (!opened || page) return;
    const inside = root.activeElement;
    opened = false;
    frame.classList.remove('open');
    launcher.setAttribute('aria-expanded', 'false');
    chat?.hide();
    if (inside) launcher.focus({ preventScroll: true });
    emit('close');
  }

  const listeners = new Map();
  const api = {
    open: () => open(),
    close,
    toggle: () => (opened ? close() : open()),
    show: () => { host.hidden = hidden = false; },
    hide: () => { host.hidden = hidden = true; },
    /** @param {string} text */
    send: async (text) => {
      if (!config) return void queue.push(['send', text]);
      open();
      (await load().catch(() => {}))?.send(String(text));
    },
    /** @param {string} name an event without its prefix @param {(detail: object) => void} listener */
    on: (name, listener) => {
      const wrapped = (event) => listener(event.detail);
      listeners.set(listener, [...(listeners.get(listener) ?? []), [name, wrapped]]);
      window.addEventListener(`timmy:${name}`, wrapped, { signal: life.signal });
    },
    off: (name, listener) => {
      const kept = (listeners.get(listener) ?? []).filter(([event, wrapped]) => {
        if (event === name) window.removeEventListener(`timmy:${event}`, wrapped);
        return event !== name;
      });
      listeners.set(listener, kept);
    },
    /** Leave no node, listener or socket behind. */
    destroy: async () => {
      life.abort();
      host.remove();
      delete window.Timmy;
      (await loading?.catch(() => {}))?.destroy();
    },
  };

  /** `Timmy("open")` and `Timmy.open()` mean the same; the first also works before this file has loaded. */
  const Timmy = (method, ...values) => (typeof api[method] === 'function' ? api[method](...values) : api[method]);
  window.Timmy = Object.assign(Timmy, api, { version: VERSION, mount });
  api.version = VERSION;

  /** @returns {Promise<void>} resolved when the launcher stands, or never will */
  async function start(attempt = 0) {
    let answer;
    try {
      answer = await fetch(`${origin}/widget/${slug}.json`, { credentials: 'omit', signal: life.signal });
    } catch {
      if (life.signal.aborted || attempt > 5) return;
      setTimeout(() => start(attempt + 1), Math.random() * 2 ** attempt * 2000);
      return;
    }
    if (!answer.ok) {
      console.warn(`Timmy: no chat "${slug}" for ${location.origin}. Check data-tenant and the allowed sites of the business.`);
      emit('error', { code: 'refused' });
      return;
    }
    config = await answer.json();
    if (document.readyState === 'loading') {
      await new Promise((done) => document.addEventListener('DOMContentLoaded', done, { once: true, signal: life.signal }));
    }
    if (life.signal.aborted) return;
    build();
    queue.splice(0).forEach((call) => Timmy(...call));
    if (page || 'open' in tag.dataset) open(page);
    else if (knows(slug)) load().then((loaded) => { chat ??= loaded; loaded.listen(); }, () => {});
    emit('ready');
  }

  /** Someone who has talked here before may have an answer waiting; a first-time visitor's storage is left alone. */
  function knows(tenant) {
    try {
      return Boolean(JSON.parse(localStorage.getItem(`timmy:${tenant}`))?.visitor);
    } catch {
      return false;
    }
  }

  start();
})();
