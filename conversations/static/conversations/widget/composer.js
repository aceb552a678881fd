/** The text box: Enter sends, Shift+Enter breaks the line, an unfinished composition does neither. */

import { h, iconButton } from './dom.js';

const MOST = 4000;
const TELL_FROM = 3800;
const TYPING_EVERY_MS = 4000;

export class Composer {
  #lastTyping = 0;

  /**
   * @param {any} words @param {Node} icon @param {string} placeholder
   * @param {{submit: (text: string) => boolean, typing: () => void}} on `submit` returns whether the text was taken
   */
  constructor(words, icon, placeholder, on) {
    this.words = words;
    this.on = on;
    this.count = h('p', { class: 'count', id: 'count', role: 'status' });
    this.box = /** @type {HTMLTextAreaElement} */ (h('textarea', {
      rows: 1, placeholder, 'aria-label': words.input, 'aria-describedby': 'count', dir: 'auto', enterkeyhint: 'send', autocomplete: 'off',
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      oninput: () => this.#changed(),
    }));
    this.button = iconButton(words.send, icon, () => this.submit(), { class: 'icon send' });
    this.node = h('div', { class: 'composer' }, this.box, this.button);
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229: Safari ends a composition before it reports its Enter.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }

  #changed() {
    const text = this.box.value.trim();
    const left = MOST - [...text].length;
    this.count.textContent = left < MOST - TELL_FROM ? (left < 0 ? this.words.errors.too_long() : this.words.left(left)) : '';
    this.box.toggleAttribute('aria-invalid', left < 0);
    this.button.toggleAttribute('disabled', !text || left < 0);
    this.box.style.setProperty('height', 'auto');
    this.box.style.setProperty('height', `${Math.min(this.box.scrollHeight, 132)}px`);
    if (text && Date.now() - this.#lastTyping > TYPING_EVERY_MS) {
      this.#lastTyping = Date.now();
      this.on.typing();
    }
  }

  submit() {
    // What no text file can hold would be refused by the server: NUL and halves of characters.
    const text = this.box.value.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\uFFFD').trim();
    if (text && [...text].length <= MOST && this.on.submit(text)) this.fill('');
    this.box.focus({ preventScroll: true });
  }

  /** @param {string} text */
  fill(text) {
    this.box.value = text;
    this.#changed();
  }
}
