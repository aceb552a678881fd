/** Puts the parts together: what the session hears is shown, what the visitor does is said. */

import { consentCard, endedCard } from './cards.js';
import { Composer } from './composer.js';
import { h } from './dom.js';
import { Log } from './log.js';
import { Panel } from './panel.js';
import { Session } from './session.js';
import { Store } from './store.js';
import { STYLE } from './style.js';
import { rich } from './text.js';

const SLEPT_MS = 30_000;

/**
 * @typedef {Object} Stage what the loader hands over
 * @property {ShadowRoot} root
 * @property {HTMLElement} frame
 * @property {(css: string) => void} adopt
 * @property {(className: string, path: string) => Node} svg
 * @property {any} config the business's own settings, /widget/<slug>.json
 * @property {string} slug
 * @property {string} origin
 * @property {boolean} page fill the page, nothing to close
 * @property {typeof import('./words-pt.js').WORDS} words
 * @property {string} version
 * @property {(name: string, detail?: object) => void} emit
 * @property {(count: number) => void} unread
 * @property {() => void} close
 */

class Chat {
  #shown = false;
  #started = false;
  #unread = 0;
  #hiddenSince = 0;
  #scrollLock = '';
  #life = new AbortController();

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.words = stage.words;
    this.store = new Store(stage.slug);
    stage.adopt(STYLE);
    this.#build();
  }

  #build() {
    const { words, stage } = this;
    const { config } = stage;
    this.panel = new Panel({ words, config, svg: stage.svg, page: stage.page }, {
      close: stage.close,
      handoff: () => this.session.wish({ type: 'handoff' }),
      end: () => this.session.wish({ type: 'end' }),
      older: () => this.session.older(),
    });
    this.log = new Log(words, config);
    this.composer = new Composer(words, this.panel.icon('send'), config.placeholder || words.placeholder, {
      submit: (text) => this.#submit(text),
      typing: () => this.session.typing(),
    });
    this.panel.scroller.append(this.log.list, this.log.growing);
    this.panel.foot.append(this.composer.node, this.composer.count);
    this.panel.node.lang = words.locale;
    this.#greet();
    stage.frame.prepend(this.panel.node);
  }

  /** The welcome is the widget's own first bubble, not a row. */
  #greet() {
    const { words, stage: { config } } = this;
    const text = config.welcome || words.welcome(config.agent_name, config.name);
    this.chips = h('div', { class: 'chips' }, ...config.suggestions.map((/** @type {string} */ suggestion) =>
      h('button', { type: 'button', text: suggestion, onclick: () => this.#submit(suggestion) || this.composer.fill(suggestion) })));
    const face = h('span', { class: 'avatar bot', 'aria-hidden': 'true', text: [...config.agent_name][0]?.toUpperCase() ?? '' });
    this.panel.welcome.append(h('div', { class: 'msg bot' }, face, h('div', { class: 'bubble', dir: 'auto' }, rich(text))), this.chips);
  }

  // What the loader asks for

  /** Connect without showing anything: an answer may be waiting. */
  listen() {
    if (this.#started) return;
    this.#started = true;
    const { stage, words } = this;
    const url = `${stage.origin.replace(/^http/, 'ws')}/ws/chat/${stage.slug}/`;
    this.session = new Session({ url, store: this.store, locale: words.locale, version: stage.version }, this.#events());
    this.session.restore();
    this.session.start();
    document.addEventListener('visibilitychange', () => this.#woke(), { signal: this.#life.signal });
    window.addEventListener('online', () => this.session.networkChanged(), { signal: this.#life.signal });
  }

  /** @param {boolean} focus */
  show(focus) {
    this.#shown = true;
    this.panel.node.hidden = false;
    this.listen();
    this.session.line.wake();
    this.#fit(true);
    this.panel.toEnd();
    this.#seen();
    if (focus) this.composer.box.focus({ preventScroll: true });
  }

  hide() {
    this.#shown = false;
    this.panel.node.hidden = true;
    this.#fit(false);
  }

  /** @param {string} text */
  send(text) {
    const trimmed = text.trim();
    this.listen();
    if (trimmed && !this.#submit(trimmed)) this.composer.fill(trimmed);
  }

  destroy() {
    this.#fit(false);
    this.#life.abort();
    this.session?.stop();
  }

  // What the visitor does

  /** @param {string} text @returns {boolean} whether it was taken */
  #submit(text) {
    if ([...text].length > 4000) return false;
    if (this.session.needsConsent) {
      this.panel.tell(this.words.agreeFirst);
      /** @type {HTMLElement | null} */ (this.consent?.querySelector('.primary'))?.focus();
      return false;
    }
    this.session.say(text);
    this.panel.toEnd();
    this.#chips();
    return true;
  }

  #woke() {
    if (document.hidden) {
      this.#hiddenSince = Date.now();
      return;
    }
    if (this.#shown) this.#seen();
    if (this.#hiddenSince && Date.now() - this.#hiddenSince > SLEPT_MS) this.session.probe();
  }

  // What the session says

  /** @returns {import('./session.js').SessionEvents} */
  #events() {
    const { log, panel, words } = this;
    return {
      history: (rows, older) => this.#history(rows, older),
      row: (row) => {
        panel.following(() => log.add(row), true);
        this.#count([row]);
        this.stage.emit('message', { role: row.role, seq: row.seq });
      },
      acked: (id, row) => {
        panel.following(() => log.acked(id, row));
        panel.tell('');
        this.#chips();
        if (row) this.stage.emit('message', { role: row.role, seq: row.seq });
      },
      pending: (message) => panel.following(() => log.pend(message)),
      shadowed: (message) => log.shadow(message.client_id),
      held: (id, code, seconds, final) => this.#held(id, code, seconds, final),
      draft: (key, text) => panel.following(() => log.draft(key, text)),
      undraft: (prefix) => log.undraft(prefix),
      typing: (on) => this.#typing(on),
      status: (status, operator) => this.#status(status, operator),
      consent: (text) => this.#consent(text),
      notice: (code) => this.#notice(code),
      connection: (state) => this.#connection(state),
      fresh: () => log.divide(words.fresh),
    };
  }

  /** @param {import('./session.js').Row[]} rows @param {boolean} older */
  #history(rows, older) {
    const { panel, log } = this;
    const above = rows.length && log.list.children.length && rows[0].seq < this.session.rows.known - rows.length;
    const change = () => {
      panel.older.hidden = !older;
      log.addQuietly(rows);
      this.#chips();
    };
    if (above) panel.holding(change);
    else panel.following(change);
    this.#count(rows);
  }

  /** Suggestions are for who has not said anything yet. */
  #chips() {
    this.chips.hidden = Boolean(this.log.list.querySelector('.me'));
  }

  /** @param {import('./session.js').Row[]} rows */
  #count(rows) {
    const seen = this.store.kept.seen ?? 0;
    if (this.#shown && !document.hidden) return this.#seen();
    this.#unread += rows.filter((row) => row.seq > seen && /^(assistant|operator)$/.test(row.role) && row.content).length;
    if (!this.#shown) this.stage.unread(this.#unread);
    return undefined;
  }

  #seen() {
    if (this.#unread) this.stage.unread(0);
    this.#unread = 0;
    if (this.session.rows.known > (this.store.kept.seen ?? 0)) this.store.keep({ seen: this.session.rows.known });
  }

  /** @param {string} code @param {number} [seconds] */
  #explain(code, seconds = 0) {
    return (this.words.errors[code] ?? this.words.errors.other)(seconds);
  }

  /** @param {string} id @param {string} code @param {number} seconds @param {boolean} final */
  #held(id, code, seconds, final) {
    const why = this.#explain(code, seconds);
    this.panel.following(() => this.log.hold(id, why, final));
    this.#notice(code, seconds);
  }

  /** @param {string} code @param {number} [seconds] */
  #notice(code, seconds) {
    this.panel.tell(this.#explain(code, seconds));
    this.stage.emit('error', { code });
  }

  /** @param {boolean} on */
  #typing(on) {
    this.panel.following(() => this.log.typing(on));
    this.panel.speak(on ? this.words.typing(this.log.typist) : '');
  }

  /** @param {string} status @param {string} operator */
  #status(status, operator) {
    const { panel, composer } = this;
    const closed = status === 'closed';
    panel.status(status, operator);
    this.log.answers(status === 'operator' ? operator || this.words.someone : '');
    panel.following(() => {
      composer.node.hidden = closed;
      this.ended?.remove();
      this.ended = closed ? this.#endedCard() : undefined;
      if (this.ended) panel.foot.prepend(this.ended);
    });
    if (status !== 'assistant') panel.speak(/** @type {string} */ (panel.subline.textContent));
    else panel.speak('');
    if (closed) panel.tell('');
  }

  #endedCard() {
    return endedCard(this.words, () => this.panel.icon('star'), {
      rate: (score, comment) => {
        const sent = this.session.rate(score, comment);
        if (!sent) this.panel.tell(this.words.lost);
        return sent;
      },
      again: () => {
        this.session.renew();
        this.composer.node.hidden = false;
        this.ended?.remove();
        this.composer.box.focus({ preventScroll: true });
      },
    });
  }

  /** @param {string | null} text */
  #consent(text) {
    this.panel.following(() => {
      this.consent?.remove();
      this.consent = text === null ? undefined : consentCard(this.words, text, {
        agree: () => {
          this.session.agree();
          this.panel.tell('');
          this.composer.box.focus({ preventScroll: true });
        },
        decline: this.stage.close,
      });
      if (this.consent) this.panel.foot.prepend(this.consent);
    });
  }

  /** @param {'connecting' | 'ready' | 'lost' | 'refused'} state */
  #connection(state) {
    const { panel, words } = this;
    panel.node.dataset.connection = state;
    panel.tell({ connecting: '', ready: '', lost: words.lost, refused: words.refused }[state]);
    if (state !== 'refused') return;
    console.warn(`Timmy: the chat "${this.stage.slug}" was refused for ${location.origin}; no more attempts.`);
    this.composer.box.disabled = true;
    this.stage.emit('error', { code: 'refused' });
  }

  // The window on a phone

  #keyboard = () => {
    this.panel.node.style.setProperty('height', `${window.visualViewport?.height}px`);
    this.panel.toEnd();
  };

  /** Hold the page still behind a full screen and keep the text box above an on-screen keyboard. @param {boolean} on */
  #fit(on) {
    const { style } = document.documentElement;
    window.visualViewport?.removeEventListener('resize', this.#keyboard);
    const covers = on && !this.stage.page && matchMedia('(max-width: 480px)').matches;
    if (covers) {
      this.#scrollLock = style.overflow;
      style.overflow = 'hidden';
      this.locked = true;
      window.visualViewport?.addEventListener('resize', this.#keyboard);
    } else if (this.locked) {
      style.overflow = this.#scrollLock;
      this.panel.node.style.removeProperty('height');
      this.locked = false;
    }
  }
}

/** @param {Stage} stage */
export function createChat(stage) {
  return new Chat(stage);
}
