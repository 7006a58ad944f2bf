// A proxy in front of the server, as operators have them: it takes a path off the front, and it may break.

import { createServer, request } from "node:http";
import { once } from "node:events";

/** A proxy that serves what is below `prefix`, and nothing else. */
export async function proxy(server, prefix = "") {
  const streams = new Set();
  const seen = [];
  const front = createServer((asked, answer) => {
    seen.push({ method: asked.method, url: asked.url, headers: asked.headers });
    if (!asked.url.startsWith(`${prefix}/`)) return answer.writeHead(404).end();
    const [host, port] = server.address.split(":");
    const path = asked.url.slice(prefix.length);
    const behind = request({ host, port, path, method: asked.method, headers: asked.headers }, (given) => {
      answer.writeHead(given.statusCode, given.headers);
      given.pipe(answer);
    });
    behind.on("error", () => answer.destroy());
    answer.on("close", () => behind.destroy());
    asked.pipe(behind);
    if (path.includes(":watch")) {
      streams.add(answer);
      answer.on("close", () => streams.delete(answer));
    }
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    /** What was asked for, oldest first. */
    seen,
    /** Streams that go through it now. */
    streams,
    /** Breaks every stream off, in the middle. */
    cut: () => streams.forEach((answer) => answer.destroy()),
    end: () => {
      front.closeAllConnections();
      front.close();
    },
  };
}
