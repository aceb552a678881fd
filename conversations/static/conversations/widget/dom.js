/** Makes elements without markup text, so that strict content policies and Trusted Types have nothing to refuse. */

/**
 * @param {string} name tag name
 * @param {Record<string, unknown>} [props] `class`, `text`, `on…` listeners, everything else an attribute; null and false are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'text') element.textContent = String(value);
    else if (key.startsWith('on')) element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/** @param {string} label the accessible name @param {Node} icon @param {() => void} onclick */
export function iconButton(label, icon, onclick, props = {}) {
  return h('button', { type: 'button', class: 'icon', 'aria-label': label, title: label, onclick, ...props }, icon);
}
