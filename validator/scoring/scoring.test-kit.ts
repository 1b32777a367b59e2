import type { EpochContext, Participant } from "../../shared/template.ts";
import { encodeMessage } from "../../shared/wire/message.ts";
import type { JudgeInput, RecordedTranscript } from "./scorer.ts";

/** One epoch as a journal holds it: so many miners, each of which said what it is worth to each question. */
export function recordedEpoch(
  miners: number,
  jobs: number,
  worth = (miner: number) => miner + 1,
): JudgeInput {
  const hotkeys = Array.from({ length: miners }, (_, index) => `miner-${index}`);
  const participants = hotkeys.map(
    (hotkey, uid): Participant => ({
      ...{
        uid,
        hotkey,
        coldkey: hotkey,
        stakeRao: 12n,
        validatorPermit: false,
        registeredAt: 0,
        ip: undefined,
      },
      ...(uid === 0 && { commitment: { data: Uint8Array.of(1, 2, 0xa3), block: 39 } }),
    }),
  );
  const context: EpochContext = {
    ...{ netuid: 2, mechanism: 0, epoch: 7, startBlock: 70, tempo: 10, validator: "validator" },
    ...{ participants, beacon: new Uint8Array(32).fill(1), secret: new Uint8Array(32).fill(2), config: {} },
  };
  const transcripts = Array.from({ length: jobs }, (_, index): RecordedTranscript => {
    const asks = hotkeys.map((hotkey, miner) => ({
      ...{ hotkey, reason: "ok" as const, latencyMs: 10 + miner, ip: undefined, port: undefined },
      body: encodeMessage({ worth: worth(miner) }),
    }));
    const job = { taskId: `task-${index}`, stage: "ask", synapse: "ask", to: hotkeys, task: { index } };
    return { epoch: 7, job, completedIn: 7, asks };
  });
  return { context, transcripts, state: {}, answeredBefore: undefined };
}
