/** The visitor's messages on their way: one at a time, in order, each with one client_id until its row is acknowledged. */

const LONGEST_MS = 30_000;
const FIRST_MS = 1_000;
const ACK_MS = 15_000;

/**
 * @typedef {import('./store.js').Pending & {tried?: boolean, shadowed?: boolean}} Message
 * @typedef {{transmit: (message: Message) => boolean, late: () => void}} OutboxEvents
 */

export class Outbox {
  /** @type {string | null} */
  #inFlight = null;
  #failures = 0;
  #hold = 0;
  #ack = 0;

  /** @param {import('./store.js').Store} store @param {OutboxEvents} on */
  constructor(store, on) {
    this.store = store;
    this.on = on;
    /** @type {Message[]} what an earlier page left unacknowledged counts as tried: the server may have it */
    this.messages = store.pending.map((message) => ({ ...message, tried: true }));
  }

  /** @param {string} text @returns {Message} */
  add(text) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const client_id = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const message = { client_id, text, at: new Date().toISOString() };
    this.messages.push(message);
    this.store.addPending(message);
    return message;
  }

  /** @param {string} clientId @returns {Message | undefined} */
  find(clientId) {
    return this.messages.find((message) => message.client_id === clientId);
  }

  /** Send the oldest message unless one is on its way; the next follows its ack, so that order holds. */
  flush() {
    const [next] = this.messages;
    if (!next || this.#inFlight || this.#hold || !this.on.transmit(next)) return;
    next.tried = true;
    this.#inFlight = next.client_id;
    this.#ack = window.setTimeout(this.on.late, ACK_MS);
  }

  /** Its row is stored, or it will never be: forget it. @param {string} clientId */
  settle(clientId) {
    this.messages = this.messages.filter((message) => message.client_id !== clientId);
    this.store.dropPending(clientId);
    this.#failures = 0;
    if (this.#inFlight === clientId) this.landed();
  }

  /** Nothing is on its way any more: answered, or the socket is gone. */
  landed() {
    this.#inFlight = null;
    clearTimeout(this.#ack);
  }

  /** Keep everything and try again later. @param {number} [seconds] the server's own advice @returns {number} seconds */
  retryLater(seconds) {
    this.landed();
    const backoff = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    const delay = seconds ? seconds * 1000 + Math.random() * 500 : backoff;
    clearTimeout(this.#hold);
    this.#hold = window.setTimeout(() => this.resume(), delay);
    return Math.ceil(delay / 1000);
  }

  resume() {
    clearTimeout(this.#hold);
    this.#hold = 0;
    this.flush();
  }

  /** A row came by another way while its ack is still out: that pending bubble must not stand beside it. @param {string} text */
  shadow(text) {
    const twin = this.messages.find((message) => message.tried && !message.shadowed && message.text === text);
    if (twin) twin.shadowed = true;
    return twin;
  }

  stop() {
    clearTimeout(this.#hold);
    clearTimeout(this.#ack);
  }
}
