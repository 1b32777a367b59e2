import type { ServerResponse } from "node:http";
import type { Reply } from "./route.ts";

/** Up to here a body goes out in one piece with its head: two pieces are a costlier call of the system. */
const SMALL_BYTES = 16_384;

/** @param isLast - Of its connection: whoever is refused keeps none, and its body may be unread. */
export function send(response: ServerResponse, reply: Reply, isLast = false): void {
  const head = ["content-type", reply.contentType, "content-length", String(reply.body.length)];
  for (const name in reply.headers) head.push(name, reply.headers[name]!);
  if (isLast) head.push("connection", "close");
  response.writeHead(reply.status, head);
  if (reply.body.length > SMALL_BYTES) response.end(reply.body);
  else response.end(latin1(reply.body), "latin1");
}

/** The same bytes, as Node joins them with the head. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
