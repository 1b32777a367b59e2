import type { V10Synapse } from "../../v10-synapse.ts";
import type { WireHeaders } from "../btauth.ts";
import { singleHeader } from "../single-header.ts";
import { readField } from "./fields.ts";
import { parsePythonJson } from "./python-json.ts";
import { isDict, type PythonDict, type PythonValue } from "./python-value.ts";
import { readBody } from "./synapse-body.ts";

/** Status of an answer that cannot be read. */
const UNREADABLE = 422;

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** What an axon answered. Success is status 200 and nothing else; no status at all is none. */
export type V10Answer = {
  statusCode: number | undefined;
  /** The axon's own words: unproven and unbounded by anybody but the limit on headers and body. */
  statusMessage: string | undefined;
  processTimeS: number | undefined;
  /** Every field of the class, when the body has them. Not to be used unless the status is 200. */
  values: PythonDict | undefined;
};

/**
 * What a Python dendrite makes of an answer: the body tells the fields and a first status, the headers overrule it. The
 * answers of v10 are not signed. Capitals in header names do not matter here.
 *
 * @param headers - Names in lower case.
 */
export function readV10Answer(
  synapse: V10Synapse,
  answer: { status: number; headers: WireHeaders; body: Uint8Array },
): V10Answer {
  const { status, headers } = answer;
  const none: V10Answer = {
    ...{ statusCode: undefined, statusMessage: undefined },
    ...{ processTimeS: undefined, values: undefined },
  };
  try {
    if (!isJson(singleHeader(headers, "content-type"))) throw new Error("not JSON");
    const body = parsePythonJson(answer.body);
    if (!isDict(body)) throw new Error("not an object");
    const first =
      status === 200
        ? { ...none, ...terminalOf(body.get("axon")), values: readBody(synapse, body) }
        : { ...none, statusCode: status, statusMessage: toText(body.get("message")) };
    return overruled(first, headers);
  } catch {
    return { ...none, statusCode: UNREADABLE, statusMessage: "the answer cannot be read" };
  }
}

function overruled(answer: V10Answer, headers: WireHeaders): V10Answer {
  const value = (key: string) => singleHeader(headers, `bt_header_axon_${key}`) ?? null;
  const said = terminalOf(
    new Map<string, PythonValue>([
      ["status_code", value("status_code")],
      ["status_message", value("status_message")],
      ["process_time", value("process_time")],
    ]),
  );
  return {
    statusCode: said.statusCode ?? answer.statusCode,
    statusMessage: said.statusMessage ?? answer.statusMessage,
    processTimeS: said.processTimeS ?? answer.processTimeS,
    values: answer.values,
  };
}

/** Numbers may come as texts. @throws SubforgeError MESSAGE_INVALID for what is no number */
function terminalOf(terminal: PythonValue | undefined): Omit<V10Answer, "values"> {
  const member = (key: string) => (isDict(terminal) ? (terminal.get(key) ?? null) : null);
  const [code, seconds] = [member("status_code"), member("process_time")];
  return {
    statusCode: code === null ? undefined : Number(readField("int", code)),
    statusMessage: toText(member("status_message")),
    processTimeS: seconds === null ? undefined : (readField("float", seconds) as number),
  };
}

function toText(value: PythonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isJson(contentType: string | undefined | null): boolean {
  return contentType !== undefined && contentType !== null && JSON_TYPE.test(contentType);
}
