/** The window the visitor talks in: its head, its scrolling middle and its foot. */

import { h, iconButton } from './dom.js';

const ICONS = {
  close: 'm6 6 12 12M18 6 6 18',
  menu: 'M5 12h.01M12 12h.01M19 12h.01',
  send: 'M12 19V5m-6.5 6.5L12 5l6.5 6.5',
  star: 'm12 3.5 2.6 5.3 5.9.85-4.25 4.15 1 5.85L12 16.9l-5.25 2.75 1-5.85L3.5 9.65l5.9-.85Z',
  down: 'm6 9.5 6 6 6-6',
};

export class Panel {
  /**
   * @param {{words: any, config: any, svg: (name: string, path: string) => Node, page: boolean}} look
   * @param {{close: () => void, handoff: () => void, end: () => void, older: () => void}} on
   */
  constructor({ words, config, svg, page }, on) {
    this.words = words;
    this.icon = (/** @type {keyof typeof ICONS} */ name) => svg('i', ICONS[name]);
    this.subline = h('p', { class: 'sub', text: words.machine });
    this.face = h('span', { class: 'avatar head', 'aria-hidden': 'true', text: [...config.agent_name][0]?.toUpperCase() ?? '' });
    this.title = h('h2', { text: page ? `${config.agent_name} · ${config.name}` : config.agent_name });
    this.#buildMenu(on);
    this.older = h('button', { type: 'button', class: 'quiet older', text: words.older, hidden: true, onclick: on.older });
    this.welcome = h('div', { class: 'welcome' });
    this.scroller = h('div', { class: 'scroll', role: 'group', 'aria-label': words.messages, tabindex: '0' }, this.older, this.welcome);
    this.latest = h('button', { type: 'button', class: 'latest', hidden: true, onclick: () => this.toEnd() }, words.latest, this.icon('down'));
    this.told = h('p', { class: 'told', role: 'status' });
    this.spoken = h('p', { class: 'sr', role: 'status' });
    this.foot = h('div', { class: 'foot' });
    this.node = h(
      'section',
      { class: page ? 'panel page' : 'panel', role: page ? 'region' : 'dialog', 'aria-label': words.panel(config.agent_name), hidden: true },
      this.#head(page, config, on.close),
      h('div', { class: 'middle' }, this.scroller, this.latest),
      this.told,
      this.spoken,
      this.foot,
    );
    this.node.addEventListener('keydown', (event) => this.#escape(event, on.close));
    this.scroller.addEventListener('scroll', () => { if (this.#nearEnd()) this.latest.hidden = true; }, { passive: true });
  }

  /** @param {boolean} page @param {any} config @param {() => void} close */
  #head(page, config, close) {
    const who = h('div', { class: 'who' }, this.title, this.subline);
    const closer = page ? '' : iconButton(this.words.close, this.icon('close'), close, { class: 'icon close' });
    // On a phone the panel covers the page: the way out comes first in the order of Tab.
    return h('header', {}, closer, this.face, who, this.menu);
  }

  /** @param {{handoff: () => void, end: () => void}} on */
  #buildMenu(on) {
    const choose = (/** @type {() => void} */ act) => () => { this.#toggleMenu(false); this.opener.focus(); act(); };
    this.handoff = h('button', { type: 'button', text: this.words.handoff, onclick: choose(on.handoff) });
    this.end = h('button', { type: 'button', text: this.words.end, onclick: choose(on.end) });
    this.choices = h('div', { class: 'choices', id: 'choices', hidden: true }, this.handoff, this.end);
    this.opener = iconButton(this.words.menu, this.icon('menu'), () => this.#toggleMenu(this.choices.hidden), { 'aria-expanded': 'false', 'aria-controls': 'choices' });
    this.menu = h('div', { class: 'menu' }, this.opener, this.choices);
    this.menu.addEventListener('focusout', (event) => {
      if (event.relatedTarget && !this.menu.contains(/** @type {Node} */ (event.relatedTarget))) this.#toggleMenu(false);
    });
  }

  /** @param {boolean} open */
  #toggleMenu(open) {
    this.choices.hidden = !open;
    this.opener.setAttribute('aria-expanded', String(open));
    if (open) /** @type {HTMLElement | null} */ (this.choices.querySelector('button:not([hidden])'))?.focus();
  }

  /** @param {KeyboardEvent} event @param {() => void} close */
  #escape(event, close) {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.stopPropagation();
    if (this.choices.hidden) return close();
    this.#toggleMenu(false);
    return this.opener.focus();
  }

  /** @param {string} status @param {string} operator */
  status(status, operator) {
    const { words } = this;
    const lines = { waiting: words.waiting, operator: words.operator(operator), closed: words.closed };
    this.node.dataset.status = status;
    this.subline.textContent = lines[status] ?? words.machine;
    this.handoff.hidden = status !== 'assistant';
    this.menu.hidden = status === 'closed';
  }

  /** Say it where it is seen and heard. @param {string} text */
  tell(text) {
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  /** Say it to screen readers alone. @param {string} text */
  speak(text) {
    if (this.spoken.textContent !== text) this.spoken.textContent = text;
  }

  #nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 90;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.latest.hidden = true;
  }

  /** Change the middle and stay at its end, unless the visitor is reading further up. @param {() => void} change @param {boolean} [news] */
  following(change, news = false) {
    const follow = this.#nearEnd();
    change();
    if (follow) this.toEnd();
    else if (news) this.latest.hidden = false;
  }

  /** Put older rows above without moving what is being read. @param {() => void} change */
  holding(change) {
    const { scrollHeight, scrollTop } = this.scroller;
    change();
    this.scroller.scrollTop = scrollTop + this.scroller.scrollHeight - scrollHeight;
  }
}
