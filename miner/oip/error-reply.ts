import { isSubforgeError } from "../../shared/errors.ts";
import { REFUSALS, type RefusalCode } from "../../shared/wire/refusals.ts";
import { refusalOf } from "../answering.ts";
import { refusalReply } from "../refusal-reply.ts";
import type { Reply } from "../route.ts";

const JSON_TYPE = "application/json";

/** Made once, as the coded refusals are: `error` for clients of the protocol, `code` for ours. */
const REFUSAL_REPLIES = Object.fromEntries(
  (Object.keys(REFUSALS) as RefusalCode[]).map((code) => {
    const { status, headers } = refusalReply(code);
    return [code, { ...errorReply(status, REFUSALS[code].detail, code), ...(headers ? { headers } : {}) }];
  }),
) as Record<RefusalCode, Reply>;

/** An error as the protocol has it. */
export function errorReply(status: number, error: string, code?: RefusalCode): Reply {
  return { status, contentType: JSON_TYPE, body: Buffer.from(JSON.stringify({ error, code })) };
}

/** The constant answer to whoever is refused, in the protocol's form. */
export function oipRefusal(code: RefusalCode): Reply {
  return REFUSAL_REPLIES[code];
}

/** What went wrong with an inference, to a client that may know: what is wrong with its request is said in full. */
export function inferErrorReply(error: unknown): Reply {
  if (isSubforgeError(error, "OIP_INVALID") || isSubforgeError(error, "INFERENCE_INPUT"))
    return errorReply(400, error.details.problem, "AXON_BAD_REQUEST");
  return oipRefusal(refusalOf(error));
}
