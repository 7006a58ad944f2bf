// Watches a stream: begins, goes on after a break, ends. What came last is kept, within bounds.

import { TooLarge, essence, events, isStream, parsed } from "./event_stream.js";

/** Events that are kept. */
export const MOST_EVENTS = 200;
/** Characters of an event that are kept. */
export const MOST_SHOWN = 16_384;
/** Characters of a refusal that are read. */
const MOST_REFUSAL = 65_536;
/** Of an id that is sent back. A longer one is no token, and no server takes such a header. */
const MOST_ID = 4_096;
/** The list is drawn again at most this often, in milliseconds. */
const DRAWN = 100;
/** The wait before the first try to go on, and the longest, in milliseconds. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** What may be otherwise in a moment: too much at once, and a server or a proxy that is not ready. */
const PASSING = [429, 502, 503, 504];

/** The watch of one operation. */
export class Watch {
  #listeners = new Set();
  #drawing = undefined;
  #stop = undefined;
  #number = 0;
  #now = { state: "idle", events: [], count: 0 };

  /** What there is to see. It is another value after each change. */
  now = () => this.#now;

  /** Calls back after changes. The answer ends that. */
  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  isRunning() {
    return this.#stop !== undefined;
  }

  /**
   * Begins, with `{url, method, headers, body}`. Answers once the server did, and goes on by itself. What it answers
   * is the response; of a refusal it holds the `text`.
   */
  async start(request) {
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    this.#show({ state: "connecting", events: [], count: 0, refusal: undefined, wait: undefined });
    return new Promise((first, failed) => {
      this.#run(request, stop.signal, first)
        .catch(failed)
        .finally(() => {
          if (this.#stop === stop) this.#stop = undefined;
          this.#show({});
          failed(new DOMException("stopped before the server answered", "AbortError"));
        });
    });
  }

  stop() {
    if (!this.isRunning()) return;
    this.#stop.abort();
    this.#stop = undefined;
    this.#show({ state: "stopped", wait: undefined });
  }

  clear() {
    this.stop();
    this.#show({ state: "idle", events: [], count: 0, refusal: undefined, wait: undefined });
  }

  /** Asks until it is stopped, or refused for good. */
  async #run(request, signal, first) {
    let id = "";
    let wait = FIRST_WAIT;
    let asked = FIRST_WAIT;
    while (!signal.aborted) {
      let refusal;
      try {
        const response = await fetch(request.url, {
          ...request,
          headers: resumed(request.headers, id),
          signal,
        });
        refusal = await refused(response);
        if (!signal.aborted) first(told(response, refusal));
        if (!refusal) {
          this.#show({ state: "open", refusal: undefined, wait: undefined });
          for await (const event of events(response.body, response.headers.get("content-type"))) {
            if (signal.aborted) return;
            if (event.retry !== undefined) {
              wait = asked = Math.min(Math.max(event.retry, FIRST_WAIT), LONGEST_WAIT);
              continue;
            }
            wait = asked;
            if (event.id) id = event.id;
            this.#add(event);
          }
        }
      } catch (failure) {
        if (signal.aborted) return;
        if (failure instanceof TooLarge) refusal = { title: "An event is larger than 1 MiB" };
        // Before the first answer it is the page's caller that hears of it: the request may be wrong.
        else if (this.#now.state === "connecting") throw this.#failed(failure);
      }
      if (signal.aborted) return;
      if (refusal && !refusal.passes) return this.#show({ state: "refused", refusal, wait: undefined });
      const pause = Math.max(wait, refusal?.after ?? 0);
      this.#show({ state: refusal ? "refused" : "broken", refusal, wait: pause });
      await passed(pause, signal);
      if (signal.aborted) return;
      wait = Math.min(wait * 2, LONGEST_WAIT);
      this.#show({ state: "resuming", wait: undefined });
    }
  }

  #failed(failure) {
    const refusal = { title: "The server cannot be reached", details: String(failure.message) };
    this.#show({ state: "refused", refusal, wait: undefined });
    return failure;
  }

  /** Notes an event. One that says nothing but its token takes the place of one like it. */
  #add({ kind, id, data }) {
    const isCut = data.length > MOST_SHOWN;
    const event = { at: new Date(), kind, id, data: data.slice(0, MOST_SHOWN), isCut, times: 1 };
    const [latest, ...older] = this.#now.events;
    const isAgain = latest?.kind === kind && isEmpty(data) && isEmpty(latest.data);
    event.number = isAgain ? latest.number : ++this.#number;
    if (isAgain) event.times = latest.times + 1;
    const kept = isAgain ? older : this.#now.events.slice(0, MOST_EVENTS - 1);
    this.#now = { ...this.#now, events: [event, ...kept], count: this.#now.count + 1 };
    this.#drawing ??= setTimeout(() => this.#show({}), DRAWN);
  }

  #show(change) {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    this.#now = { ...this.#now, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The headers that go on behind an id. A header has bytes, which `fetch` takes as characters. */
function resumed(headers, id) {
  if (id === "" || id.length > MOST_ID || /[\0\r\n]/.test(id)) return headers;
  return { ...headers, "Last-Event-ID": String.fromCharCode(...new TextEncoder().encode(id)) };
}

/** What the server refuses, or nothing. The body of a refusal is read. */
async function refused(response) {
  const type = response.headers.get("content-type");
  if (response.ok && response.body && isStream(type)) return undefined;
  if (response.ok) {
    // It may have no end, so nobody waits for it.
    response.body?.cancel().catch(() => {});
    return { title: "The answer is no stream of events", details: `It is ${essence(type) || "empty"}` };
  }
  const text = await beginning(response.body);
  const said = parsed(text);
  const title = `${response.status} ${word(said?.error) ?? response.statusText}`.trim();
  const passes = PASSING.includes(response.status);
  const after = seconds(response.headers.get("retry-after"));
  return { title, details: word(said?.details), reason: word(said?.reason), passes, after, text };
}

/** The wait in milliseconds that `Retry-After` asks for, at most a minute. Its other form, a date, is passed over. */
const seconds = (text) => (/^\d{1,9}$/.test(text ?? "") ? Math.min(Number(text), 60) * 1_000 : undefined);

const word = (value) => (typeof value === "string" ? value.slice(0, 1_000) : undefined);

/** The first characters of a body, and no more of it. */
async function beginning(body) {
  if (!body) return "";
  let text = "";
  for await (const piece of pieces(body.pipeThrough(new TextDecoderStream()))) {
    text += piece;
    if (text.length > MOST_REFUSAL) break;
  }
  return text.slice(0, MOST_REFUSAL);
}

/** A stream as it can be walked through. Not every browser does so by itself. */
async function* pieces(stream) {
  const reader = stream.getReader();
  try {
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) yield value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The response as Swagger UI keeps it. */
function told(response, refusal) {
  const { ok, url, status, statusText } = response;
  return {
    ok,
    url,
    status,
    statusText,
    headers: Object.fromEntries(response.headers),
    text: refusal?.text ?? "",
  };
}

/** Waits, or until it is stopped. */
function passed(time, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, time);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}

/** Whether the data of an event is a message without content: `{"heartbeat": {}, "resumeToken": "…"}`. */
function isEmpty(data) {
  if (data.length > MOST_ID * 2) return false;
  const value = parsed(data);
  if (value === null || typeof value !== "object") return false;
  const rest = Object.entries(value).filter(([name]) => name !== "resumeToken");
  return rest.every(([, inner]) => JSON.stringify(inner) === "{}");
}
