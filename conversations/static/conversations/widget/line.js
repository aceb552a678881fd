/** A WebSocket that comes back by itself: exponential backoff with full jitter, at once when network or tab return. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const ANSWER_MS = 15_000;
const FLOODED_MS = 30_000;
const REFUSED = 4403;
const IDLE = 4408;
const FLOODING = 4429;

/** @typedef {{open: () => void, frame: (frame: any) => void, lost: () => void, refused: () => void}} LineEvents */

export class Line {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #wait = 0;
  #patience = 0;
  #notBefore = 0;
  #over = false;
  #life = new AbortController();

  /** @param {string} url @param {LineEvents} on */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    const { signal } = this.#life;
    window.addEventListener('online', () => this.wake(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.wake(), { signal });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connect now, unless connected, refused or told to wait; on a living socket nothing happens. */
  wake() {
    if (this.#socket || this.#over || Date.now() < this.#notBefore) return;
    clearTimeout(this.#wait);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    const mine = (/** @type {(event: any) => void} */ act) => (/** @type {any} */ event) => this.#socket === socket && act(event);
    socket.onopen = mine(() => this.on.open());
    socket.onmessage = mine((event) => this.#read(event.data));
    socket.onclose = mine((event) => this.#closed(event.code));
    this.expect();
  }

  /** @param {string} data */
  #read(data) {
    clearTimeout(this.#patience);
    this.#patience = 0;
    try {
      this.on.frame(JSON.parse(data));
    } catch (error) {
      console.error('Timmy: a frame could not be read.', error);
    }
  }

  /** @param {number} code */
  #closed(code) {
    this.#socket = null;
    clearTimeout(this.#patience);
    this.#patience = 0;
    if (code === REFUSED) {
      this.stop();
      return this.on.refused();
    }
    // Closed for idling: come back when the visitor does (wake), not for the sake of it.
    if (code !== IDLE) this.#comeBack(code);
    this.on.lost();
  }

  /** @param {number} code */
  #comeBack(code) {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempt++);
    const delay = Math.random() * ceiling + (code === FLOODING ? FLOODED_MS : 0);
    this.#notBefore = code === FLOODING ? Date.now() + delay - 50 : 0; // timers may be early
    this.#wait = window.setTimeout(() => this.wake(), delay + 1);
  }

  /** Stay away until woken. */
  rest() {
    clearTimeout(this.#wait);
  }

  /** The server greeted us: the next loss starts with a short wait again. */
  settled() {
    this.#attempt = 0;
  }

  /** A socket can be dead without saying so: unless any frame comes soon, take it for lost. */
  expect() {
    this.#patience ||= window.setTimeout(() => this.abandon(), ANSWER_MS);
  }

  /** Take the socket for lost. */
  abandon() {
    const socket = this.#socket;
    if (!socket) return;
    this.#closed(1006);
    socket.close();
  }

  /** @param {object} frame @returns {boolean} whether it went out */
  send(frame) {
    if (!this.isOpen) return false;
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  /** Leave this socket for a new one, at once: a second hello on the same socket is not allowed. */
  renew() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#patience);
    this.#patience = 0;
    socket?.close(1000);
    this.wake();
  }

  stop() {
    this.#over = true;
    clearTimeout(this.#wait);
    clearTimeout(this.#patience);
    this.#life.abort();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }
}
