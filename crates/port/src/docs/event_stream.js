// Reads a stream of events out of bytes: server-sent events, or one JSON value a line.

export const SSE = "text/event-stream";
export const LINES = "application/x-ndjson";

/** Characters of an event that has not come whole. A server that goes beyond sends no events. */
const MOST = 1 << 20;

/** An event that is larger than any that is read. To ask again would bring it again. */
export class TooLarge extends Error {}

/** Whether a content type is that of a stream that can be read here. */
export const isStream = (type) => [SSE, LINES].includes(essence(type));

/** A content type without its parameters. */
export const essence = (type) => (type ?? "").split(";")[0].trim().toLowerCase();

/**
 * The events of a body, each as `{kind, id, data}` of texts. `id` is what goes on behind the event, if it has one.
 * The wait that the server asks for comes as `{retry}` in milliseconds.
 */
export async function* events(body, type) {
  const read = essence(type) === SSE ? serverSent() : values();
  for await (const line of lines(body)) yield* read(line);
}

/** The lines of a body. Its last line counts only if it has ended. */
async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "";
  let isAfterReturn = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      // A line ends with CR, LF or both. A LF that comes alone after a CR belongs to it.
      const text = isAfterReturn && value.startsWith("\n") ? value.slice(1) : value;
      if (value !== "") isAfterReturn = value.endsWith("\r");
      const parts = text.split(/\r\n|\r|\n/);
      parts[0] = unread + parts[0];
      unread = parts.pop();
      if (unread.length > MOST) throw new TooLarge();
      yield* parts;
    }
  } finally {
    // Whoever stops to listen leaves no connection behind.
    reader.cancel().catch(() => {});
  }
}

/** By the rules of https://html.spec.whatwg.org/#event-stream-interpretation. */
function serverSent() {
  let id = "";
  let kind = "";
  let data = [];
  let size = 0;
  return function* read(line) {
    if (line === "") {
      if (data.length > 0) yield told(kind, id, data.join("\n"));
      [kind, data, size] = ["", [], 0];
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "data") {
      size += value.length;
      if (size > MOST) throw new TooLarge();
      data.push(value);
    }
    if (field === "event") kind = value;
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "retry" && /^\d{1,9}$/.test(value)) yield { retry: Number(value) };
  };
}

function values() {
  return function* read(line) {
    if (line.trim() !== "") yield told("", "", line);
  };
}

/** An event whose kind and id may stand in its data: `{"changed": {…}, "resumeToken": "…"}`. */
function told(kind, id, data) {
  const value = parsed(data);
  const token = typeof value?.resumeToken === "string" ? value.resumeToken : "";
  return { kind: kind || member(value) || "message", id: id || token, data };
}

/** The name of the only member beside the token, as the members of a `oneof` are written. */
function member(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const names = Object.keys(value).filter((name) => name !== "resumeToken");
  return names.length === 1 ? names[0].slice(0, 60) : undefined;
}

/** What a text of JSON holds; `undefined` of any other text. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
