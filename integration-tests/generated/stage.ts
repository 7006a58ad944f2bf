// What every client is told: where the document is, and who is signed in.

function told(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

// Each client tells the same story, and several tell it to one server.
const client = told("CLIENT");

/** The access token of a publisher. */
export const PUBLISHER = told("PUBLISHER");

/** The person whom the client registers. */
export const ADA = {
  username: `Ada by ${client}`,
  email: `ada@${client}.example.com`,
  password: "nine quiet lanterns over 58 harbours",
};

/** What the person is called later. */
export const RENAMED = `${ADA.username} L.`;

/** Someone who tries the e-mail of another. */
export const EVE = `Eve by ${client}`;

/** A game as a publisher adds it. */
export const LANTERNS = {
  title: "Lanterns",
  genre: client,
  price: 19.99,
  description: "Light finds a way.",
};

/** The first message of a stream in which each line is one, and the end of the stream. */
export async function firstLine(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) throw new Error("a stream has a body");
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let read = "";
  while (!read.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the stream ended behind ${read}`);
    read += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return read.slice(0, read.indexOf("\n"));
}
