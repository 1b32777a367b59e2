import { SubforgeError } from "../../shared/errors.ts";
import type { ProtocolId } from "../../shared/wire/protocol.ts";
import { PROTOCOL_IDS } from "../../shared/wire/protocols.ts";
import { nearest } from "../nearest.ts";

/**
 * The conventions named by `--protocols`, with commas between them.
 *
 * @throws SubforgeError CLI_USAGE
 */
export function parseProtocols(text: string): ProtocolId[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  const unknown = names.find((name) => !PROTOCOL_IDS.some((id) => id === name));
  if (unknown === undefined) return names as ProtocolId[];
  const guess = nearest(unknown, PROTOCOL_IDS);
  const hint = guess ? `did you mean ${guess}?` : `known: ${PROTOCOL_IDS.join(", ")}`;
  const problem = `--protocols ${unknown} is unknown; ${hint}`;
  throw new SubforgeError("CLI_USAGE", { problem, command: "miner serve" });
}
