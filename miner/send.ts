import type { ServerResponse } from "node:http";
import type { Reply } from "./route.ts";

/** @param isLast - Of its connection: whoever is refused keeps none, and its body may be unread. */
export function send(response: ServerResponse, reply: Reply, isLast = false): void {
  const head = ["content-type", reply.contentType, "content-length", String(reply.body.length)];
  for (const [name, value] of Object.entries(reply.headers ?? {})) head.push(name, value);
  if (isLast) head.push("connection", "close");
  response.writeHead(reply.status, head);
  response.end(reply.body);
}
