import type { IncomingMessage } from "node:http";

// An object has at most 1.5 MiB in etcd, and may come in its old and new form.
const MOST_BYTES = 4 * 1024 * 1024;

/** The whole body of a request as text; undefined if it is longer than any question of an API server. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MOST_BYTES) return undefined;
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  // What is left unread goes with the connection, but not before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
