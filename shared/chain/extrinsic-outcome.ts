import type { Codec } from "@polkadot/types/types";
import type { ChainError } from "./chain.ts";

/** A row of System.Events, as far as the fate of a call goes. */
export type EventRecord = {
  phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
  event: { section: string; method: string; data: Codec[] };
};

type DispatchError = { isModule: boolean; asModule: unknown; type: string };

/** How the runtime names an error of one of its pallets. */
type FindError = (module: never) => { section: string; name: string; docs: string[] };

/**
 * Why the call at this place of its block failed.
 *
 * @returns undefined when it succeeded.
 */
export function failureOf(
  records: readonly EventRecord[],
  index: number,
  findError: FindError,
): ChainError | undefined {
  const own = records.filter(
    ({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === index,
  );
  for (const { event } of own) {
    const error = dispatchErrorOf(event);
    if (!error) continue;
    if (!error.isModule) return { name: error.type, docs: "" };
    const { section, name, docs } = findError(error.asModule as never);
    return { name: `${section}.${name}`, docs: docs.join(" ").trim() };
  }
  return undefined;
}

/** A sudo call that is included "succeeds" even when the call inside it fails: its result is in its own event. */
function dispatchErrorOf({ section, method, data }: EventRecord["event"]): DispatchError | undefined {
  if (section === "system" && method === "ExtrinsicFailed") return data[0] as unknown as DispatchError;
  if (section !== "sudo" || method !== "Sudid") return undefined;
  const result = data[0] as unknown as { isErr: boolean; asErr: DispatchError };
  return result.isErr ? result.asErr : undefined;
}
