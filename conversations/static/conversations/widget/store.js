/** What one visitor's browser remembers of one business: token, conversation and what is not yet acknowledged. */

const MOST_PENDING = 20;

/**
 * @typedef {{client_id: string, text: string, at: string}} Pending
 * @typedef {{visitor?: string, conversation?: string, consent?: string, seen?: number, pending?: Pending[]}} Kept
 */

export class Store {
  /** @type {Kept} used alone where the browser refuses storage (private windows, blocked third-party frames) */
  #memory = {};

  /** @param {string} slug */
  constructor(slug) {
    this.key = `timmy:${slug}`;
  }

  /** @returns {Kept} read afresh each time: another tab may have written */
  get kept() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? 'null') ?? this.#memory;
    } catch {
      return this.#memory;
    }
  }

  /** @param {Kept} changes */
  keep(changes) {
    this.#memory = { ...this.kept, ...changes };
    try {
      localStorage.setItem(this.key, JSON.stringify(this.#memory));
    } catch {
      // The memory above serves for as long as the page lives.
    }
  }

  /** @returns {Pending[]} */
  get pending() {
    return this.kept.pending ?? [];
  }

  /** @param {Pending} message */
  addPending(message) {
    this.keep({ pending: [...this.pending, message].slice(-MOST_PENDING) });
  }

  /** @param {string} clientId */
  dropPending(clientId) {
    this.keep({ pending: this.pending.filter((message) => message.client_id !== clientId) });
  }
}
