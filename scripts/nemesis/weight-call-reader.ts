import { devPulse } from "../../localnet/runtime/pallets/drand/dev-beacon.ts";
import { createPallets } from "../../localnet/runtime/pallets.ts";
import { declareRuntime } from "../../localnet/runtime/runtime-types.ts";
import { accountOf } from "../../localnet/types/substrate-types.ts";
import { timelockDecrypt } from "../../shared/chain/timelock/ciphertext.ts";
import { decodePayload } from "../../shared/chain/timelock/weights-payload.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { Hex } from "../../shared/types.ts";
import type { SignedContent, WeightCall } from "./history.ts";

/** Arguments that say what a call about weights means. */
type Arguments = {
  netuid: number;
  mecid?: number;
  dests?: number[];
  weights?: number[];
  uids?: number[];
  values?: number[];
  commit?: Uint8Array;
  commit_hash?: Hex;
  reveal_round?: bigint;
};

export type ReadCall = { signer: Hex; call: WeightCall };

/**
 * Reads what an extrinsic says about weights, timelocked ones too: a local chain's beacon has no secrets.
 *
 * @returns A function that gives undefined for a call about something else.
 */
export function createWeightCallReader(): (bytes: Uint8Array, extrinsicHash: Hex) => ReadCall | undefined {
  const { types } = declareRuntime(createPallets({ slotMs: 1_000 }));
  return (bytes, extrinsicHash) => {
    const { call, signed } = types.decode(bytes);
    if (call.type !== "SubtensorModule" || !signed || !/weights/.test(call.value.type)) return undefined;
    const { type, value } = call.value;
    const args = value as Arguments;
    const content = contentOf(type, args);
    const { netuid, mecid: mechanism = 0 } = args;
    const signer = accountOf(signed.address);
    return signer && { signer, call: { netuid, mechanism, extrinsicHash, content } };
  };
}

function contentOf(name: string, args: Arguments): SignedContent {
  const { dests, weights, uids, values, commit, commit_hash, reveal_round } = args;
  if (dests && weights) return { weights: { uids: dests, values: weights } };
  if (uids && values) return { weights: { uids, values } };
  if (commit_hash) return { hash: commit_hash };
  if (commit && reveal_round !== undefined) {
    const opened = timelockDecrypt(commit, devPulse(Number(reveal_round)).signature);
    const payload = opened.ok ? decodePayload(opened.plaintext) : undefined;
    if (payload) return { weights: { uids: payload.uids, values: payload.values } };
  }
  throw new SubforgeError("INTERNAL", { what: `the nemesis cannot read the call ${name}` });
}
