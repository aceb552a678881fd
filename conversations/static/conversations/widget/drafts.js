/** The parts being written: their text so far, by reply and part. */

export class Drafts {
  /** @type {Map<string, string>} */
  #texts = new Map();
  /** @type {string | null | undefined} a part whose beginning we missed; undefined: the next one that grows is it */
  #unwhole = null;

  /** We came in the middle of a reply: its current part would be shown without its head. */
  joinLate() {
    this.#unwhole = undefined;
  }

  /** @param {{reply: string, part: number, text: string}} delta @returns {[string, string] | null} its key and text so far */
  grow({ reply, part, text }) {
    const key = `${reply}:${part}`;
    if (this.#unwhole === undefined) this.#unwhole = key;
    if (this.#unwhole === key) return null;
    const whole = (this.#texts.get(key) ?? '') + text;
    this.#texts.set(key, whole);
    return [key, whole];
  }

  /** @param {string | null} prefix a part, a reply, or everything */
  drop(prefix) {
    for (const key of [...this.#texts.keys()]) {
      if (prefix === null || key === prefix || key.startsWith(`${prefix}:`)) this.#texts.delete(key);
    }
  }

  /** The turn is over: the next one is heard from its beginning. */
  finish() {
    this.#unwhole = null;
  }
}
