import { opensCommitment } from "../../shared/rules/commit-reveal.ts";
import { type Answer, AnswerRefused, type Message, type Synapse } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { parseForecast } from "./answer.ts";
import { MAX_ARITY, MAX_PEERS, REVEAL_TIMEOUT_MS } from "./config.ts";
import { type ForecastTask, nameOf } from "./questions.ts";
import { type Opening, openingKey, parseCount, parseHash, parseName, toOpening } from "./synapse-commit.ts";

const MAX_REQUEST_BYTES = 4_096;
const MAX_RESPONSE_BYTES = 8_192;
const MAX_HOTKEY_CHARS = 64;

/** What was committed to, and by whom: who did not commit has "", which nothing opens. */
export type RevealRequest = {
  taskId: string;
  arity: number;
  /** Peers that a forecaster was asked about. */
  peers: number;
  commitment: string;
  miner: Hotkey;
};

/** The miner shows what it is bound to. */
export const reveal: Synapse<ForecastTask, RevealRequest, Opening> = {
  timeoutMs: REVEAL_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_RESPONSE_BYTES,
  isPublic: true,

  createRequest(task, miner, earlier) {
    const answer: Answer<Message> | undefined = earlier.get("commit");
    const commitment = answer?.ok ? String(answer.response.commitment) : "";
    return {
      ...{ taskId: nameOf(task, miner), arity: task.arity, peers: task.peers.length },
      ...{ commitment, miner },
    };
  },

  parseRequest({ taskId, arity, peers, commitment, miner }) {
    if (typeof miner !== "string" || miner.length > MAX_HOTKEY_CHARS) throw new Error("miner");
    return {
      taskId: parseName(taskId),
      arity: parseCount(arity, MAX_ARITY),
      peers: parseCount(peers, MAX_PEERS, 0),
      commitment: commitment === "" ? "" : parseHash(commitment),
      miner,
    };
  },

  async answer({ taskId }, { memory }) {
    const opening = memory.get(openingKey(taskId));
    if (!opening) throw new Error("this miner committed to nothing of that name");
    return opening as Opening;
  },

  parseResponse(message, { taskId, arity, peers, commitment, miner }) {
    const said = parseForecast(message.values, message.losses, { arity, peers });
    const opening = { ...said, salt: parseHash(message.salt) };
    if (!opensCommitment(Buffer.from(commitment, "hex"), toOpening(opening, miner, taskId))) {
      throw new AnswerRefused("broken-commitment", "this is not what was committed to");
    }
    return opening;
  },

  v10: {
    name: "ForecastReveal",
    fields: {
      taskId: { type: "str", default: "" },
      arity: { type: "int", default: 1 },
      peers: { type: "int", default: 0 },
      commitment: { type: "str", default: "" },
      miner: { type: "str", default: "" },
      values: { type: { list: "float" }, default: [], output: true },
      losses: { type: { list: "float" }, default: [], output: true },
      salt: { type: "str", default: "", output: true },
    },
    requiredHashFields: ["taskId", "arity", "peers", "commitment", "miner"],
  },
};
