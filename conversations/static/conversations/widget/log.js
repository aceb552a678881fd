/** The list of messages: one node a row, in the order of seq, never drawn twice. */

import { h } from './dom.js';
import { rich } from './text.js';

const KINDS = { user: 'me', assistant: 'bot', operator: 'human', system: 'note' };
const SAME_BREATH_MS = 5 * 60_000;

/**
 * @typedef {import('./session.js').Row} Row
 * @typedef {import('./outbox.js').Message} Message
 */

export class Log {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} by client_id */
  #pending = new Map();
  /** @type {Map<string, HTMLElement>} by reply and part */
  #drafts = new Map();
  #typing = false;

  /** @param {any} words @param {{agent_name: string}} config */
  constructor(words, config) {
    this.words = words;
    this.config = config;
    this.clock = new Intl.DateTimeFormat(words.locale, { hour: '2-digit', minute: '2-digit' });
    this.calendar = new Intl.DateTimeFormat(words.locale, { dateStyle: 'long', timeStyle: 'short' });
    this.list = h('div', { role: 'log', class: 'log', 'aria-label': words.messages });
    // Growing parts stand outside the log, so that a screen reader hears each part once, whole.
    this.growing = h('div', { class: 'log growing', 'aria-hidden': 'true' });
    this.dots = h('div', { class: 'msg bot dots', hidden: true }, h('span'), h('div', { class: 'bubble' }, h('i'), h('i'), h('i')));
    this.growing.append(this.dots);
    this.answers('');
  }

  /** @param {string} kind @param {string} name */
  #avatar(kind, name) {
    return h('span', { class: `avatar ${kind}`, 'aria-hidden': 'true', text: [...name.trim()][0]?.toUpperCase() ?? '·' });
  }

  /** @param {Row} row */
  #author(row) {
    if (row.role === 'user') return this.words.you;
    if (row.role === 'operator') return row.name || this.words.someone;
    return this.config.agent_name;
  }

  /** @param {string} iso */
  #time(iso) {
    const moment = new Date(iso ?? '');
    if (Number.isNaN(moment.getTime())) return '';
    return h('time', { datetime: moment.toISOString(), title: this.calendar.format(moment), text: this.clock.format(moment) });
  }

  /** @param {string} kind @param {string} author @param {Node} body @param {string} at */
  #message(kind, author, body, at) {
    const bubble = h('div', { class: 'bubble', dir: 'auto' }, h('span', { class: 'sr', text: `${author}: ` }), body);
    const message = h('div', { class: `msg ${kind} new` }, bubble, this.#time(at));
    if (kind !== 'me') message.prepend(this.#avatar(kind, author));
    message.dataset.author = `${kind} ${author}`;
    message.dataset.at = String(Date.parse(at) || 0);
    return message;
  }

  /** @param {Row} row @returns {HTMLElement | null} nothing for a row without words for the visitor */
  #draw(row) {
    if (!row.content) return null;
    if (row.role === 'system') return h('div', { class: 'note', text: row.content });
    const body = row.role === 'user' ? document.createTextNode(row.content) : rich(row.content);
    return this.#message(KINDS[row.role] ?? 'bot', this.#author(row), body, row.timestamp);
  }

  /** @param {Row} row @param {HTMLElement | null} [node] an acknowledged pending bubble becomes the row's own */
  add(row, node = this.#draw(row)) {
    if (!node || this.#rows.has(row.seq)) return;
    node.dataset.seq = String(row.seq);
    this.#rows.set(row.seq, node);
    const next = [...this.list.children].find((other) => Number(/** @type {HTMLElement} */ (other).dataset.seq ?? Infinity) > row.seq);
    // Moving a node makes screen readers say it again: it stays where it is when that is its place.
    if (!node.isConnected || (next ?? null) !== node.nextElementSibling) this.list.insertBefore(node, next ?? null);
    this.#group(node);
    if (node.nextElementSibling) this.#group(/** @type {HTMLElement} */ (node.nextElementSibling));
  }

  /** What is not news goes in without being announced. @param {Row[]} rows */
  addQuietly(rows) {
    this.list.ariaLive = 'off';
    rows.forEach((row) => this.add(row));
    this.list.querySelectorAll('.new').forEach((node) => node.classList.remove('new'));
    requestAnimationFrame(() => { this.list.ariaLive = 'polite'; });
  }

  /** Draw neighbours of one author and one breath as a group. @param {HTMLElement} node */
  #group(node) {
    const before = /** @type {HTMLElement | null} */ (node.previousElementSibling);
    const near = Math.abs(Number(node.dataset.at) - Number(before?.dataset.at)) < SAME_BREATH_MS;
    node.classList.toggle('same', Boolean(node.dataset.author) && before?.dataset.author === node.dataset.author && near);
  }

  /** @param {Message} message */
  pend({ client_id: id, text, at }) {
    const node = this.#message('me', this.words.you, document.createTextNode(text), at);
    node.classList.add('pending');
    node.append(h('span', { class: 'why' }));
    this.#pending.set(id, node);
    this.list.append(node);
    this.#group(node);
  }

  /** @param {string} id @param {string} why @param {boolean} final */
  hold(id, why, final) {
    const node = this.#pending.get(id);
    if (!node) return;
    node.hidden = false;
    node.classList.toggle('failed', final);
    /** @type {HTMLElement} */ (node.querySelector('.why')).textContent = why;
  }

  /** @param {string} id */
  shadow(id) {
    const node = this.#pending.get(id);
    if (node) node.hidden = true;
  }

  /** @param {string} id @param {Row | null} row null: it is drawn already */
  acked(id, row) {
    const node = this.#pending.get(id);
    this.#pending.delete(id);
    if (!row) return node?.remove();
    if (!node) return this.add(row);
    node.hidden = false;
    node.classList.remove('pending', 'failed', 'new');
    node.querySelector('.why')?.remove();
    return this.add(row, node);
  }

  /** @param {string} key @param {string} text */
  draft(key, text) {
    let node = this.#drafts.get(key);
    if (!node) {
      node = this.#message('bot', this.config.agent_name, document.createTextNode(''), '');
      this.#drafts.set(key, node);
      this.growing.insertBefore(node, this.dots);
      this.#rest();
    }
    /** @type {HTMLElement} */ (node.querySelector('.bubble')).replaceChildren(rich(text));
  }

  /** @param {string | null} prefix a part, a reply, or everything */
  undraft(prefix) {
    for (const [key, node] of this.#drafts) {
      if (prefix !== null && key !== prefix && !key.startsWith(`${prefix}:`)) continue;
      node.remove();
      this.#drafts.delete(key);
    }
    this.#rest();
  }

  /** Who stands behind the dots: a person by name, else the assistant. @param {string} operator */
  answers(operator) {
    this.typist = operator || this.config.agent_name;
    this.dots.firstElementChild?.replaceWith(this.#avatar(operator ? 'human' : 'bot', this.typist));
  }

  /** @param {boolean} on */
  typing(on) {
    this.#typing = on;
    this.#rest();
  }

  /** The dots stand for a part whose first words are not there yet. */
  #rest() {
    this.dots.hidden = !this.#typing || this.#drafts.size > 0;
  }

  /** Leave the old conversation above a line. @param {string} title */
  divide(title) {
    this.#rows.clear();
    for (const node of this.list.children) {
      const { dataset } = /** @type {HTMLElement} */ (node);
      if (dataset.seq) dataset.seq = '-1';
    }
    const line = h('div', { class: 'note line', text: title });
    line.dataset.seq = '0';
    const firstPending = this.list.querySelector('.pending');
    this.list.insertBefore(line, firstPending);
  }
}
