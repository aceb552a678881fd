/** Draws an assistant's text as nodes: paragraphs, lists, bold words and safe links; everything else stays text. */

import { h } from './dom.js';

const SAFE = new Set(['https:', 'http:', 'mailto:', 'tel:']);
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;
const LIKE_AN_ADDRESS = /[\p{L}\p{N}-]\.\p{L}{2,}|:\/\/|@/u;
// Every repetition is bounded: a hostile text of any length is read in linear time.
const INLINE =
  /\*\*([^*\n]{1,600})\*\*|\[([^\]\n]{1,300})\]\(([^\s()]{1,2000})\)|(https?:\/\/[^\s<>"'*]{1,2000})|([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})/gi;
const ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/;
const TRAILING = /[.,;:!?)\]]+$/;

/** @param {string} address @returns {URL | null} where it leads, when a chat may lead people there */
function destination(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  // What stands before an @ is there to look like another host's name.
  const whole = !url.protocol.startsWith('http') || /^https?:\/\//i.test(address);
  return SAFE.has(url.protocol) && whole && !url.username && !url.password ? url : null;
}

/** The address as it is read: a host in letters that only look like others is told by its code. @param {URL} url @param {string} address */
function told(url, address) {
  if (!url.host) return url.pathname;
  return address.toLowerCase().includes(`://${url.host}`) ? address : url.href;
}

/** @param {string} label @param {string} address */
function link(label, address) {
  const url = destination(address);
  if (!url) return document.createTextNode(label);
  // A label that looks like an address of its own could lie about where the link leads.
  const claims = LIKE_AN_ADDRESS.test(label.normalize('NFKC').replace(/\p{Cf}/gu, ''));
  const text = (claims ? told(url, address) : label).replace(TURNS, '');
  return h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: claims ? null : url.href, text });
}

/** @param {string} text @returns {(Node | string)[]} */
function inline(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, label, address, url, mail] = match;
    const tail = url ? (url.match(TRAILING)?.[0] ?? '') : '';
    nodes.push(text.slice(from, match.index));
    if (bold) nodes.push(h('strong', {}, ...inline(bold)));
    else if (label) nodes.push(link(label, address));
    else if (url) nodes.push(link(url.slice(0, url.length - tail.length), url.slice(0, url.length - tail.length)));
    else nodes.push(link(mail, `mailto:${mail}`));
    from = match.index + whole.length - tail.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** @param {string[]} lines */
function paragraph(lines) {
  return h('p', {}, ...lines.flatMap((line, index) => (index ? [h('br'), ...inline(line)] : inline(line))));
}

/** @param {RegExpMatchArray[]} items */
function list(items) {
  const [first] = items;
  const props = first[1] && first[1] !== '1' ? { start: first[1] } : {};
  return h(first[1] ? 'ol' : 'ul', props, ...items.map((item) => h('li', {}, ...inline(item[2]))));
}

/** @param {string} text @returns {DocumentFragment} */
export function rich(text) {
  const fragment = document.createDocumentFragment();
  let lines = /** @type {string[]} */ ([]);
  let items = /** @type {RegExpMatchArray[]} */ ([]);
  const flush = () => {
    if (lines.length) fragment.append(paragraph(lines));
    if (items.length) fragment.append(list(items));
    lines = [];
    items = [];
  };
  for (const line of text.split('\n')) {
    const item = line.match(ITEM);
    const continues = item ? items.length && Boolean(items[0][1]) === Boolean(item[1]) : lines.length;
    if (!line.trim() || !continues) flush();
    if (item) items.push(item);
    else if (line.trim()) lines.push(line);
  }
  flush();
  return fragment;
}
