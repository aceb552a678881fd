/** What stands in for or above the text box: the consent line, and the end of a conversation with its rating. */

import { h } from './dom.js';
import { rich } from './text.js';

/** @param {any} words @param {string} text @param {{agree: () => void, decline: () => void}} on */
export function consentCard(words, text, on) {
  return h(
    'section',
    { class: 'card consent', 'aria-label': words.agree },
    h('div', { class: 'terms', tabindex: '0' }, rich(text || words.consent)),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', class: 'primary', text: words.agree, onclick: on.agree }),
      h('button', { type: 'button', class: 'quiet', text: words.decline, onclick: on.decline }),
    ),
  );
}

/** @param {any} words @param {() => Node} star */
function stars(words, star) {
  return [1, 2, 3, 4, 5].map((score) => {
    const input = h('input', { type: 'radio', name: 'score', value: score, 'aria-label': words.stars(score) });
    return h('label', { class: 'grade', title: words.stars(score) }, input, star());
  });
}

/**
 * @param {any} words @param {() => Node} star
 * @param {{rate: (score: number, comment: string) => boolean, again: () => void}} on `rate` returns whether it went out
 */
export function endedCard(words, star, on) {
  const comment = /** @type {HTMLTextAreaElement} */ (h('textarea', { rows: 2, maxlength: 1000, placeholder: words.comment, 'aria-label': words.comment, hidden: true }));
  const send = h('button', { type: 'submit', class: 'primary', text: words.rate, hidden: true });
  const again = h('button', { type: 'button', class: 'quiet', text: words.again, onclick: on.again });
  const form = /** @type {HTMLFormElement} */ (h(
    'form',
    { class: 'rating' },
    h('fieldset', {}, h('legend', { text: words.rateTitle }), h('div', { class: 'stars' }, ...stars(words, star))),
    comment,
    send,
  ));
  form.addEventListener('change', () => { comment.hidden = send.hidden = false; });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const score = Number(new FormData(form).get('score'));
    if (!on.rate(score, comment.value.trim())) return;
    const thanks = h('p', { class: 'thanks', tabindex: '-1', text: words.thanks });
    form.replaceWith(thanks);
    thanks.focus();
  });
  return h('section', { class: 'card ended', 'aria-label': words.closed }, form, again);
}
