import type { SubnetTemplate } from "../shared/template.ts";
import {
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  MESSAGE_CONTENT_TYPE,
} from "../shared/wire/message.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { synapseRoute } from "../shared/wire/route.ts";
import { type Answering, BadRequest } from "./answering.ts";
import { JSON_CONTENT_TYPE } from "./refusal-reply.ts";
import type { Question, Reply, SignedRoute } from "./route.ts";

/** Conventions that sign the bytes of the body. Each is taken only where the miner was told to take it. */
const ACCEPTS: readonly ProtocolId[] = ["btauth/1", "epistula/2"];

/** `POST /<template>/<synapse>` for each synapse: a message in, binary or JSON, and one of the same form out. */
export function templateRoutes(
  template: Pick<SubnetTemplate, "id" | "synapses">,
  answering: Answering,
): SignedRoute[] {
  return Object.entries(template.synapses).map(([name, synapse]) => {
    const { timeoutMs, maxRequestBytes, maxResponseBytes } = synapse;
    return {
      ...{ method: "POST", path: synapseRoute(template.id, name), accepts: ACCEPTS },
      ...{ timeoutMs, maxRequestBytes, maxResponseBytes },
      answer: (question) => answer(name, question, maxRequestBytes, answering),
    };
  });
}

async function answer(
  name: string,
  { body, contentType, verified, signal }: Question,
  maxBytes: number,
  answering: Answering,
): Promise<Reply | undefined> {
  const type = contentType || JSON_CONTENT_TYPE;
  const message = decode(body, type, maxBytes);
  const response = await answering.answer(name, message, verified.sender, signal);
  if (!response) return undefined;
  return isJsonType(type)
    ? { status: 200, contentType: JSON_CONTENT_TYPE, body: encodeJsonMessage(response) }
    : { status: 200, contentType: MESSAGE_CONTENT_TYPE, body: encodeMessage(response) };
}

function isJsonType(contentType: string): boolean {
  return contentType.split(";")[0]!.trim().toLowerCase() === "application/json";
}

function decode(body: Uint8Array, contentType: string, maxBytes: number) {
  try {
    return decodeMessage(body, contentType, { maxBytes, copies: true });
  } catch (error) {
    throw new BadRequest("not a message", { cause: error });
  }
}
