/** One visitor's conversation as the protocol tells it (version 1 of docs/protocol.md); it knows nothing of the page's nodes. */

import { Drafts } from './drafts.js';
import { Line } from './line.js';
import { Outbox } from './outbox.js';
import { Rows } from './rows.js';

const RETRYABLE = new Set(['not_stored', 'unavailable']);

/**
 * @typedef {{id: string, seq: number, role: string, content: string, timestamp: string, reply: string | null, part: number | null, author: string, name?: string}} Row
 * @typedef {import('./outbox.js').Message} Message
 * @typedef {Object} SessionEvents what the view is told
 * @property {(rows: Row[], older: boolean) => void} history rows that are not news
 * @property {(row: Row) => void} row a row that is news
 * @property {(clientId: string, row: Row | null) => void} acked its row, or null when that row is shown already
 * @property {(message: Message) => void} pending
 * @property {(message: Message) => void} shadowed its row seems to be here: hide the pending bubble until the ack
 * @property {(clientId: string, code: string, seconds: number, final: boolean) => void} held why a message waits or failed
 * @property {(key: string, text: string) => void} draft
 * @property {(reply: string | null) => void} undraft
 * @property {(on: boolean) => void} typing
 * @property {(status: string, operator: string) => void} status
 * @property {(text: string | null) => void} consent the line to agree to, or null
 * @property {(code: string, seconds: number) => void} notice
 * @property {(state: 'connecting' | 'ready' | 'lost' | 'refused') => void} connection
 * @property {() => void} fresh another conversation begins
 */

export class Session {
  rows = new Rows();
  status = 'assistant';
  ready = false;
  needsConsent = false;
  #consentVersion = '';
  #healing = -1;
  /** The last_seen of the last hello. */
  #askedFrom = 0;
  /** @type {string[]} which side each unanswered sync asked for */
  #asked = [];
  /** @type {object[]} what the visitor asked for while there was no connection */
  #wishes = [];
  #drafts = new Drafts();
  #complained = false;
  #over = false;
  #refusals = 0;

  /**
   * @param {{url: string, store: import('./store.js').Store, locale: string, version: string}} options
   * @param {SessionEvents} on
   */
  constructor({ url, store, locale, version }, on) {
    this.store = store;
    this.on = on;
    this.about = { locale, version, page: (location.origin + location.pathname).slice(0, 2000) };
    this.conversation = store.kept.conversation ?? null;
    this.line = new Line(url, {
      open: () => this.#hello(),
      frame: (frame) => this.#dispatch(frame),
      lost: () => this.#lost(),
      refused: () => this.#refused(),
    });
    this.outbox = new Outbox(store, {
      transmit: ({ client_id, text }) => this.#mayWrite() && this.line.send({ type: 'message', client_id, text }),
      late: () => this.#reconnect(),
    });
  }

  /** Show what an earlier page could not get acknowledged. */
  restore() {
    this.outbox.messages.forEach((message) => this.on.pending(message));
  }

  start() {
    this.on.connection('connecting');
    this.line.wake();
  }

  stop() {
    this.line.stop();
    this.outbox.stop();
  }

  // What the visitor does

  /** @param {string} text trimmed, 1–4000 characters */
  say(text) {
    this.on.pending(this.outbox.add(text));
    this.outbox.flush();
    this.line.wake();
  }

  /** @param {object} frame handoff, end or consent: kept until there is a connection */
  wish(frame) {
    if (this.ready && this.line.send(frame)) return;
    this.#wishes.push(frame);
    this.line.wake();
  }

  /** @param {number} score 1–5 @param {string} comment @returns {boolean} whether it went out: a later socket has another conversation */
  rate(score, comment) {
    return this.ready && this.line.send({ type: 'rate', score, ...(comment ? { comment } : {}) });
  }

  agree() {
    this.needsConsent = false;
    this.store.keep({ consent: this.#consentVersion });
    this.on.consent(null);
    this.wish({ type: 'consent', version: this.#consentVersion, granted: true });
    this.outbox.flush();
  }

  typing() {
    if (this.ready && !this.needsConsent) this.line.send({ type: 'typing' });
  }

  older() {
    if (this.ready && !this.#asked.includes('before')) this.#sync('before', this.rows.first);
  }

  /** Leave the closed conversation for a new one. */
  renew() {
    this.conversation = null;
    this.store.keep({ conversation: undefined });
    this.#reconnect();
  }

  /** The network came back, perhaps as another one: the old socket may be dead without knowing. */
  networkChanged() {
    if (this.status !== 'closed' && !this.#over) this.#reconnect();
  }

  /** Ask whether the socket still lives, after the machine slept. */
  probe() {
    if (this.ready) this.#sync('after', this.rows.known);
    else this.line.wake();
  }

  // The connection

  #mayWrite() {
    return this.ready && !this.needsConsent;
  }

  #hello() {
    const visitor = this.store.kept.visitor ?? null;
    this.#askedFrom = this.conversation ? this.rows.known : 0;
    this.line.send({ type: 'hello', visitor, conversation: this.conversation, last_seen: this.#askedFrom, ...this.about });
    this.line.expect();
  }

  #forgetConnection() {
    this.ready = false;
    this.#asked = [];
    this.#healing = -1;
    this.#undraft(null);
    this.outbox.landed();
    this.on.typing(false);
  }

  #lost() {
    this.#forgetConnection();
    // A hello would begin another conversation: that is for the visitor to ask.
    if (this.status === 'closed') this.line.rest();
    this.on.connection('lost');
  }

  #refused() {
    this.#over = true;
    this.#forgetConnection();
    this.on.connection('refused');
  }

  #reconnect() {
    this.#forgetConnection();
    this.on.connection('connecting');
    this.line.renew();
  }

  /** @param {'after' | 'before'} side @param {number} seq */
  #sync(side, seq) {
    if (!this.line.send({ type: 'sync', [side]: seq })) return;
    this.#asked.push(side);
    this.line.expect();
  }

  // What the server says

  /** @param {any} frame */
  #dispatch(frame) {
    switch (frame?.type) {
      case 'ready': return this.#ready(frame);
      case 'history': return this.#history(frame);
      case 'ack': return this.#acked(frame);
      case 'message': return this.#news(frame.message);
      case 'delta': return this.#delta(frame);
      case 'typing': return this.on.typing(Boolean(frame.on));
      case 'done': return this.#done(frame);
      case 'status': return this.#status(frame.status, frame.operator);
      case 'error': return this.#error(frame);
      default: return undefined; // a newer server may say more
    }
  }

  /** @param {any} frame */
  #ready(frame) {
    const sent = this.#askedFrom;
    const changed = frame.conversation !== this.conversation;
    if (changed) this.#begin(frame.conversation);
    this.store.keep({ visitor: frame.visitor, conversation: frame.conversation, ...(changed ? { seen: 0 } : {}) });
    this.ready = true;
    this.line.settled();
    if (frame.busy) this.#drafts.joinLate();
    else this.#drafts.finish();
    if (!(changed && sent)) this.rows.startAt(frame.history);
    this.#add(frame.history, sent ? this.rows.first > 1 : frame.more);
    if (changed && sent) this.#sync('after', 0);
    this.#askConsent(frame.consent);
    this.#status(frame.status, frame.operator);
    this.on.connection('ready');
    this.on.typing(Boolean(frame.busy));
    this.#wishes.splice(0).forEach((wish) => this.line.send(wish));
    this.outbox.flush();
  }

  /** @param {string} conversation */
  #begin(conversation) {
    if (this.rows.size) this.on.fresh();
    this.conversation = conversation;
    this.rows = new Rows();
  }

  /** @param {{required?: boolean, version?: string, text?: string} | null} consent */
  #askConsent(consent) {
    this.#consentVersion = consent?.version ?? '';
    this.needsConsent = Boolean(consent?.required) && this.store.kept.consent !== this.#consentVersion;
    this.consentText = consent?.text ?? '';
    this.on.consent(this.needsConsent ? this.consentText : null);
  }

  /** @param {any} frame */
  #history(frame) {
    const side = this.#asked.shift();
    this.#add(frame.messages, side === 'before' ? frame.more : this.rows.first > 1);
  }

  /** @param {Row[]} rows @param {boolean} older whether the server has more before them */
  #add(rows, older) {
    const added = rows.filter((row) => this.#keep(row));
    this.on.history(added, older);
    this.#heal();
  }

  /** @param {Row} row @returns {boolean} whether it was new */
  #keep(row) {
    if (!this.rows.add(row)) return false;
    if (row.reply !== null && row.reply !== undefined) this.#undraft(`${row.reply}:${row.part}`);
    const twin = row.role === 'user' && this.outbox.shadow(row.content);
    if (twin) this.on.shadowed(twin);
    return true;
  }

  /** @param {Row} row */
  #news(row) {
    if (this.#keep(row)) this.on.row(row);
    this.#heal();
  }

  /** Fetch what is missing between the known rows and the newest, or `upTo`; once per hole. @param {number} [upTo] */
  #heal(upTo = 0) {
    if (Math.max(upTo, this.rows.newest) <= this.rows.known || this.#asked.includes('after') || this.#healing === this.rows.known) return;
    this.#healing = this.rows.known;
    this.#sync('after', this.rows.known);
  }

  /** @param {any} frame */
  #acked(frame) {
    this.#refusals = 0;
    const mine = this.outbox.find(frame.client_id);
    this.outbox.settle(frame.client_id);
    const isNew = this.#keep(frame.message);
    if (mine) this.on.acked(frame.client_id, isNew ? frame.message : null);
    else if (isNew) this.on.row(frame.message);
    this.#heal();
    this.outbox.flush();
  }

  /** @param {any} frame */
  #delta(frame) {
    const grown = this.#drafts.grow(frame);
    if (grown) this.on.draft(...grown);
  }

  /** @param {string | null} prefix a part, a reply, or everything */
  #undraft(prefix) {
    this.#drafts.drop(prefix);
    this.on.undraft(prefix);
  }

  /** @param {any} frame */
  #done(frame) {
    this.#undraft(String(frame.reply));
    this.#drafts.finish();
    this.on.typing(false);
    this.#healing = -1;
    this.#heal(frame.seq);
  }

  /** @param {string} status @param {string} [operator] */
  #status(status, operator) {
    this.status = status;
    this.on.status(status, operator ?? '');
  }

  /** @param {any} frame */
  #error({ code, detail, client_id: clientId, retry_after: seconds }) {
    const message = clientId && this.outbox.find(clientId);
    if (code === 'bad_frame' && !this.#complained) {
      this.#complained = true;
      console.warn(`Timmy: the server did not understand a frame: ${detail}`);
    }
    if (code === 'conversation_closed' && message) return this.#elsewhere();
    if (code === 'consent_required') return this.#consentAgain();
    if (message) return this.#notTaken(message, code, seconds);
    // Refused a greeting: come back after a pause.
    if (!this.ready) return this.line.abandon();
    // It may have answered a sync: allow asking again.
    this.#asked = [];
    this.#healing = -1;
    if (code !== 'bad_frame') this.on.notice(code, seconds ?? 0);
    return undefined;
  }

  /** The conversation was closed under a message: it goes to a new one, with a pause when that one is closed as well. */
  #elsewhere() {
    if (this.#refusals++) this.outbox.retryLater();
    this.renew();
  }

  #consentAgain() {
    this.outbox.landed();
    this.store.keep({ consent: undefined });
    this.needsConsent = true;
    this.on.consent(this.consentText ?? '');
  }

  /** @param {Message} message @param {string} code @param {number} [seconds] */
  #notTaken(message, code, seconds) {
    message.shadowed = false;
    if (code === 'rate_limited' || RETRYABLE.has(code)) {
      const wait = this.outbox.retryLater(code === 'rate_limited' ? (seconds || 5) : seconds);
      return this.on.held(message.client_id, code, wait, false);
    }
    this.outbox.settle(message.client_id);
    this.on.held(message.client_id, code, 0, true);
    return this.outbox.flush();
  }
}
