import { SubforgeError } from "../shared/errors.ts";
import type { Message, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import { REFUSALS, type RefusalCode } from "../shared/wire/refusals.ts";
import { singleHeader } from "../shared/wire/single-header.ts";
import { bodyHash } from "../shared/wire/v10/body-hash.ts";
import { v10Headers } from "../shared/wire/v10/headers.ts";
import { parsePythonJson, printPythonJson } from "../shared/wire/v10/python-json.ts";
import type { PythonDict } from "../shared/wire/v10/python-value.ts";
import {
  fromMessage,
  readBody,
  type TerminalInfo,
  toQuestion,
  withTerminal,
} from "../shared/wire/v10/synapse-body.ts";
import { type Answering, BadRequest } from "./answering.ts";
import type { Question, Reply, SignedRoute } from "./route.ts";

/** Every v10 server answers it with what it was asked: clients see that somebody listens and knows them. */
const PING: V10Synapse = { name: "Synapse", fields: {}, requiredHashFields: [] };
const PING_TIMEOUT_MS = 1_000;

/** Base fields of a body, twice two terminals with signatures, and room for what a peer adds. */
const ENVELOPE_BYTES = 8_192;
const JSON_TYPE = "application/json";

/** A Python client looks for its own word of "too late"; elsewhere it takes the status as it comes. */
const TOO_LATE = 408;

/**
 * `POST /<class name>` for each synapse that has a v10 description, and the ping: for Python clients of SDK 7 to 10.
 * What the miner does with a question is the same as for any other convention.
 */
export function v10Routes(
  template: Pick<SubnetTemplate, "synapses">,
  answering: Answering,
  self: Hotkey,
): SignedRoute[] {
  const routes = [v10Route(PING, { timeoutMs: PING_TIMEOUT_MS }, self, async () => ({}))];
  for (const [name, { v10, ...limits }] of Object.entries(template.synapses)) {
    if (!v10) continue;
    const answer: Answer = (message, { verified, signal }) =>
      answering.answer(name, message, verified.sender, signal);
    routes.push(v10Route(v10, limits, self, answer));
  }
  return routes;
}

type Answer = (message: Message, question: Question) => Promise<Message | undefined>;
type Limits = { timeoutMs: number; maxRequestBytes?: number; maxResponseBytes?: number };

function v10Route(v10: V10Synapse, limits: Limits, self: Hotkey, answer: Answer): SignedRoute {
  const maxRequestBytes = (limits.maxRequestBytes ?? 0) + ENVELOPE_BYTES;
  return {
    ...{ method: "POST", path: `/${v10.name}`, accepts: ["v10"], timeoutMs: limits.timeoutMs },
    maxRequestBytes,
    // Non-ASCII texts grow when they are printed again: two bytes of UTF-8 are six of an escape.
    maxResponseBytes: 3 * maxRequestBytes + (limits.maxResponseBytes ?? 0),
    refusal: v10Refusal,

    async answer(question) {
      const startedMs = performance.now();
      const { body, values } = read(v10, question);
      const response = await answer(
        readOr400(() => toQuestion(v10, values)),
        question,
      );
      if (!response) return undefined;
      const outputs = fromMessage(v10, response, "outputs");
      const seconds = (performance.now() - startedMs) / 1_000;
      return toReply(v10, new Map([...body, ...values, ...outputs]), question, self, seconds);
    },
  };
}

/** The body and its fields, when they are what the caller signed. */
function read(v10: V10Synapse, { body: bytes, headers }: Question): { body: PythonDict; values: PythonDict } {
  return readOr400(() => {
    const body = parsePythonJson(bytes) as PythonDict;
    const values = readBody(v10, body);
    // The signature covers this header, so with it the body.
    if (bodyHash(v10, values) !== singleHeader(headers, "computed_body_hash")) {
      throw new SubforgeError("MESSAGE_INVALID", { problem: "the body is not what its hash says" });
    }
    return { body, values };
  });
}

function readOr400<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw new BadRequest("not a v10 body of this class", { cause: error });
  }
}

/** The whole body comes back, so that a client finds every field it needs, and the status in body and headers. */
function toReply(
  v10: V10Synapse,
  body: PythonDict,
  { verified, headers }: Question,
  self: Hotkey,
  seconds: number,
): Reply {
  const axon: TerminalInfo = {
    status_code: 200n,
    status_message: "Success",
    process_time: seconds,
    hotkey: self,
  };
  const dendrite: TerminalInfo = {
    nonce: verified.nonce,
    uuid: verified.uuid ?? null,
    hotkey: verified.sender,
  };
  return {
    status: 200,
    contentType: JSON_TYPE,
    headers: v10Headers(v10, body, {
      axon,
      dendrite,
      timeoutS: Number(body.get("timeout")),
      bodyHash: String(headers.computed_body_hash),
    }),
    body: Buffer.from(printPythonJson(withTerminal(body, "axon", axon))),
  };
}

/** The same for everybody: what a Python client shows as `status_code` and `status_message`. */
function v10Refusal(code: RefusalCode): Reply {
  const { detail, status } = REFUSALS[code];
  const shown = code === "AXON_DEADLINE" ? TOO_LATE : status;
  return {
    status: shown,
    contentType: JSON_TYPE,
    headers: { bt_header_axon_status_code: String(shown), bt_header_axon_status_message: detail },
    body: Buffer.from(JSON.stringify({ message: detail })),
  };
}
