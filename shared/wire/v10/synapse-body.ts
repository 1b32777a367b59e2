import { SubforgeError } from "../../errors.ts";
import type { Message } from "../../template.ts";
import type { V10Field, V10Synapse } from "../../v10-synapse.ts";
import { fromJson, fromMessageValue, readField, toMessageValue } from "./fields.ts";
import { isDict, type PythonDict, type PythonValue } from "./python-value.ts";

/** Seconds that a dendrite waits when nobody said anything else. */
const DEFAULT_TIMEOUT_S = 12;

/** Members of `dendrite` and `axon` in a body, in the order of their class. */
const TERMINAL = [
  "status_code",
  "status_message",
  "process_time",
  "ip",
  "port",
  "version",
  "nonce",
  "uuid",
  "hotkey",
  "signature",
] as const;

/** Who speaks, as a body and its headers say it. What is left out is null there. */
export type TerminalInfo = Partial<Record<(typeof TERMINAL)[number], PythonValue>>;

/**
 * The own fields of a body as the class holds them, `name` and `timeout` with them: what is hashed and handled.
 *
 * @throws SubforgeError MESSAGE_INVALID when a required field is missing, or one has a value of another type
 */
export function readBody(synapse: V10Synapse, body: PythonValue): PythonDict {
  if (!isDict(body)) throw invalid("the body is no object");
  const values: PythonDict = new Map<string, PythonValue>([
    ["name", synapse.name],
    ["timeout", readField("float", body.get("timeout") ?? DEFAULT_TIMEOUT_S)],
  ]);
  for (const [name, field] of Object.entries(synapse.fields))
    values.set(name, fieldOrDefault(name, field, body.get(name)));
  return values;
}

/** What a miner is asked: the inputs that are set. */
export function toQuestion(synapse: V10Synapse, values: PythonDict): Message {
  return toMessage(synapse, values, (field) => field.output !== true);
}

/** What a miner said: the outputs that are set. */
export function toAnswer(synapse: V10Synapse, values: PythonDict): Message {
  return toMessage(synapse, values, (field) => field.output === true);
}

/**
 * Members of a message as fields. Inputs that it does not have take their defaults; other members are dropped.
 *
 * @throws SubforgeError MESSAGE_INVALID, TENSOR_INVALID
 */
export function fromMessage(synapse: V10Synapse, message: Message, part: "inputs" | "outputs"): PythonDict {
  const values: PythonDict = new Map();
  for (const [name, field] of Object.entries(synapse.fields)) {
    if ((field.output === true) !== (part === "outputs")) continue;
    const value = Object.hasOwn(message, name) ? message[name] : undefined;
    const given = value === undefined || value === null ? undefined : fromMessageValue(field.type, value);
    if (given !== undefined || part === "inputs") values.set(name, fieldOrDefault(name, field, given));
  }
  return values;
}

/** The whole body of a request: base fields first, then the class's own. */
export function requestBody(
  synapse: V10Synapse,
  inputs: PythonDict,
  head: { timeoutS: number; dendrite: TerminalInfo; axon: TerminalInfo },
): PythonDict {
  const body: PythonDict = new Map<string, PythonValue>([
    ["name", synapse.name],
    ["timeout", head.timeoutS],
    ["total_size", 0n],
    ["header_size", 0n],
    ["dendrite", terminal(head.dendrite)],
    ["axon", terminal(head.axon)],
    ["computed_body_hash", ""],
  ]);
  for (const [name, field] of Object.entries(synapse.fields)) {
    body.set(name, inputs.get(name) ?? fieldOrDefault(name, field, undefined));
  }
  return body;
}

/** A terminal of a body with some members changed. */
export function withTerminal(body: PythonDict, name: "axon" | "dendrite", changes: TerminalInfo): PythonDict {
  const now = body.get(name);
  const members = TERMINAL.map((key) => [key, changes[key] ?? (isDict(now) ? now.get(key) : null) ?? null]);
  return new Map(body).set(name, new Map(members as [string, PythonValue][]));
}

function terminal(info: TerminalInfo): PythonDict {
  return new Map(TERMINAL.map((key) => [key, info[key] ?? null]));
}

function fieldOrDefault(name: string, field: V10Field, given: PythonValue | undefined): PythonValue {
  if (given === undefined) {
    if (field.default === undefined) throw invalid(`the field ${name} is missing`);
    return field.default === null ? null : readField(field.type, fromJson(field.default));
  }
  if (given === null && field.default === null) return null;
  return readField(field.type, given);
}

function toMessage(synapse: V10Synapse, values: PythonDict, isPart: (field: V10Field) => boolean): Message {
  const message: Message = {};
  for (const [name, field] of Object.entries(synapse.fields)) {
    const value = values.get(name);
    if (isPart(field) && value !== undefined && value !== null)
      message[name] = toMessageValue(field.type, value);
  }
  return message;
}

function invalid(problem: string): SubforgeError<"MESSAGE_INVALID"> {
  return new SubforgeError("MESSAGE_INVALID", { problem });
}
