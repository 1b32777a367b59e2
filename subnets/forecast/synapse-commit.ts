import { randomBytes } from "node:crypto";
import { commitTo } from "../../shared/rules/commit-reveal.ts";
import { minerKey } from "../../shared/rules/miner-key.ts";
import type { Message, MinerContext, Synapse } from "../../shared/template.ts";
import { isTensor, type Tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type Forecast, forecast, forecastBytes, isPeers, isWindow } from "./answer.ts";
import { COMMIT_TIMEOUT_MS, MAX_ARITY, MAX_PEERS } from "./config.ts";
import { WINDOW } from "./features.ts";
import { type ForecastTask, feedsOf, nameOf } from "./questions.ts";

const MAX_REQUEST_BYTES = 65_536;
const MAX_RESPONSE_BYTES = 4_096;
const SALT_BYTES = 32;

/** `x`: float32 [1, WINDOW, arity]. `peers`: float32 [1, P, PEER_FEATURES], missing while no peer is known. */
export type CommitRequest = {
  taskId: string;
  nonce: number;
  arity: number;
  x: Tensor;
  peers?: Tensor;
  networkLoss: number;
};

/** 64 lower-case digits. */
export type CommitResponse = { commitment: string };

/** What a miner keeps for the reveal. `salt` is 64 lower-case digits. */
export type Opening = Forecast & { salt: string };

/** The series and the peers go, a commitment to a forecast comes back. */
export const commit: Synapse<ForecastTask, CommitRequest, CommitResponse> = {
  timeoutMs: COMMIT_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_RESPONSE_BYTES,
  isPublic: true, // what will be true, nobody knows
  createRequest: (task, miner) => ({
    ...{ taskId: nameOf(task, miner), nonce: task.nonce, arity: task.arity },
    ...{ ...feedsOf(task), networkLoss: task.networkLoss },
  }),
  parseRequest,
  async answer(request, miner) {
    const said = await forecast(request, miner);
    return committed(said, miner, request.taskId, randomBytes(SALT_BYTES).toString("hex"));
  },
  parseResponse: ({ commitment }) => ({ commitment: parseHash(commitment) }),
  v10: {
    name: "ForecastCommit",
    fields: {
      taskId: { type: "str", default: "" },
      nonce: { type: "int", default: 0 },
      arity: { type: "int", default: 1 },
      x: { type: "tensor", default: null },
      peers: { type: "tensor", default: null },
      networkLoss: { type: "float", default: 0 },
      commitment: { type: "str", default: "", output: true },
    },
    requiredHashFields: ["taskId", "nonce", "arity", "x", "peers", "networkLoss"],
  },
};

/** Remembers what was said and binds the miner to it. */
export function committed(
  said: Forecast,
  { hotkey, memory }: Pick<MinerContext, "hotkey" | "memory">,
  taskId: string,
  salt: string,
): CommitResponse {
  const opening = { ...said, salt };
  memory.set(openingKey(taskId), opening);
  return { commitment: toCommitment(opening, hotkey, taskId) };
}

/** SHA-256 over the forecast's bytes, the salt, the miner's key and the question's name. */
function toCommitment(opening: Opening, miner: Hotkey, taskId: string): string {
  return Buffer.from(commitTo(toOpening(opening, miner, taskId))).toString("hex");
}

export function toOpening({ salt, ...said }: Opening, miner: Hotkey, taskId: string) {
  const reply = forecastBytes(said);
  return { reply, salt: Buffer.from(salt, "hex"), minerPublicKey: minerKey(miner), taskId };
}

/** Under which a miner remembers it. */
export function openingKey(taskId: string): string {
  return `opening ${taskId}`;
}

function parseRequest({ taskId, nonce, arity, x, peers, networkLoss }: Message): CommitRequest {
  const labels = parseCount(arity, MAX_ARITY);
  if (typeof nonce !== "number" || !Number.isSafeInteger(nonce) || nonce < 0) throw new Error("nonce");
  if (!isTensor(x) || !isWindow(x, WINDOW, labels)) throw new Error("x is no window");
  if (typeof networkLoss !== "number" || !Number.isFinite(networkLoss)) throw new Error("networkLoss");
  const known = { taskId: parseName(taskId), nonce, arity: labels, x, networkLoss };
  if (peers === undefined || peers === null) return known;
  if (!isTensor(peers) || !isPeers(peers, MAX_PEERS)) throw new Error("peers are no features");
  return { ...known, peers };
}

/** @throws Error unless it is whole, 1 to `most` */
export function parseCount(value: unknown, most: number, least = 1): number {
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  if (!isCount) throw new Error(`a whole number from ${least} to ${most}`);
  return value;
}

/** @throws Error unless it is the name of a question */
export function parseName(value: unknown): string {
  if (typeof value !== "string" || !/^[0-9a-f]{32}$/.test(value)) throw new Error("taskId is no name");
  return value;
}

/** @throws Error unless it is 32 bytes as text */
export function parseHash(value: unknown): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw new Error("64 lower-case digits");
  return value;
}
