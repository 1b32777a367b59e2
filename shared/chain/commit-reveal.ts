import { SubforgeError } from "../errors.ts";
import type { Keypair } from "../keys/keypair.ts";
import type { BlockNumber, Hex } from "../types.ts";
import type { Call, SubnetRules, WireWeights } from "./chain.ts";
import { type Beacon, parseG2, secondsOfRound } from "./timelock/beacon.ts";
import { timelockEncrypt } from "./timelock/ciphertext.ts";
import { commitHash, storageIndexOf } from "./timelock/commit-hash.ts";
import { planReveal, type RevealPlan, revealRound } from "./timelock/reveal-round.ts";
import { encodePayload } from "./timelock/weights-payload.ts";

/** The version of timelocked commits that this code writes. With another one, weights are committed by hash. */
const TIMELOCK_VERSION = 4;

/** How weights get onto a subnet: in the open, behind a hash that is revealed later, or encrypted to a later round. */
export type WeightsMethod = "plain" | "hash" | "timelock";

/** What a commit needs to know, read at the same block as the rest of the rules. */
export type CommitRevealRules = {
  /** Epochs between commit and reveal. */
  revealPeriodEpochs: number;
  /** 0, or the block for which an epoch was requested or put off to. */
  pendingEpochAt: BlockNumber;
  blocksSinceLastStep: number;
  /** The chain's clock, Unix milliseconds. */
  timeMs: number;
  /** Milliseconds between blocks. */
  slotMs: number;
  /** The chain's version of timelocked commits; undefined when its call is missing or not as we know it. */
  timelockVersion: number | undefined;
  /** What timelocked commits are encrypted to; undefined on a chain without a beacon. */
  beacon: Beacon | undefined;
  /** The newest round the chain knows. */
  lastStoredRound: number;
};

/** A commit that is neither revealed nor dropped. */
export type OpenCommit = {
  method: "hash" | "timelock";
  /** The epoch it was made in: it opens a reveal period later. */
  epoch: number;
  block: BlockNumber;
  /** Undefined for a timelocked one. */
  hash: Hex | undefined;
};

/** What is signed and sent, or why nothing that could be revealed can be. */
export type Commitment =
  | { ok: true; call: Call; round: number | undefined; reveal: RevealPlan }
  | { ok: false; reason: "epoch-too-short" | "beacon-invalid" };

/** Which way a subnet wants its weights now. */
export function weightsMethod({ commitReveal }: Pick<SubnetRules, "commitReveal">): WeightsMethod {
  if (!commitReveal) return "plain";
  const canTimelock = commitReveal.beacon !== undefined && commitReveal.timelockVersion === TIMELOCK_VERSION;
  return canTimelock ? "timelock" : "hash";
}

/** When a commit that is sent now opens. */
function revealPlanOf(rules: SubnetRules): RevealPlan {
  const { commitReveal } = rules;
  const plan = commitReveal && planReveal({ ...rules, ...commitReveal }, commitReveal.revealPeriodEpochs);
  if (plan) return plan;
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "the epochs of a subnet", problem: "they never come" });
}

/** What a weight vector is about: whose, of which mechanism. */
export type CommitSubject = { netuid: number; mechanism: number; weights: WireWeights; versionKey: number };

/**
 * Encrypt weights to the round that is out when the chain reveals them.
 *
 * @param signer - The payload names its key, so that nobody can send a copy.
 */
export function timelockCommit(
  subject: CommitSubject,
  rules: SubnetRules,
  signer: Pick<Keypair, "publicKey">,
): Commitment {
  const { beacon, timelockVersion, timeMs, slotMs, lastStoredRound } = rules.commitReveal!;
  if (!beacon || timelockVersion === undefined) throw new Error("this subnet takes no timelocked commits");
  if (!parseG2(beacon.publicKey)) return { ok: false, reason: "beacon-invalid" };
  const reveal = revealPlanOf(rules);
  const at = { block: rules.block, nowSeconds: timeMs / 1_000, blockSeconds: slotMs / 1_000 };
  // A round that is out already hides nothing, and an older one is refused.
  const round = Math.max(revealRound(beacon, reveal.firstRevealBlock, at), lastStoredRound + 1);
  const lastBlock = reveal.firstRevealBlock + rules.tempo - 2; // the pulse is stored a block before it is used
  const lastSeconds = at.nowSeconds + (lastBlock - rules.block) * at.blockSeconds;
  if (secondsOfRound(beacon, round) > lastSeconds) return { ok: false, reason: "epoch-too-short" };

  const { netuid, mechanism, weights, versionKey } = subject;
  const payload = encodePayload({ ...weights, hotkey: signer.publicKey, versionKey: BigInt(versionKey) });
  const commit = timelockEncrypt(payload, round, beacon);
  const version = timelockVersion;
  const call: Call = { kind: "commitTimelockedWeights", netuid, mechanism, commit, round, version };
  return { ok: true, call, round, reveal };
}

/** @param salt - Secret until the reveal: whoever knows it can guess the weights. */
export function hashCommit(
  { netuid, mechanism, weights, versionKey }: CommitSubject,
  salt: readonly number[],
  rules: SubnetRules,
  signer: Pick<Keypair, "publicKey">,
): Commitment {
  const index = storageIndexOf(netuid, mechanism);
  const hash = commitHash(signer.publicKey, index, weights, salt, BigInt(versionKey));
  const call: Call = { kind: "commitWeights", netuid, mechanism, hash };
  return { ok: true, call, round: undefined, reveal: revealPlanOf(rules) };
}
