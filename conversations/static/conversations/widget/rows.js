/** The rows of a conversation that are here, and which are missing. */

/** @typedef {import('./session.js').Row} Row */

export class Rows {
  /** @type {Map<number, Row>} */
  #rows = new Map();
  /** The highest seq up to which nothing is missing, counted from the first row here. */
  known = 0;
  /** The lowest seq here. */
  first = Infinity;
  newest = 0;

  get size() {
    return this.#rows.size;
  }

  /** With nothing here yet the newest rows are where we start; older ones are fetched when asked for. @param {Row[]} rows */
  startAt([row]) {
    if (!this.known && row) this.known = row.seq - 1;
  }

  /** @param {Row} row @returns {boolean} whether it was new */
  add(row) {
    if (!Number.isInteger(row?.seq) || this.#rows.has(row.seq)) return false;
    this.#rows.set(row.seq, row);
    this.first = Math.min(this.first, row.seq);
    this.newest = Math.max(this.newest, row.seq);
    while (this.#rows.has(this.known + 1)) this.known += 1;
    return true;
  }
}
