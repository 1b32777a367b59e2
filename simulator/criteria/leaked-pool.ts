import { createHash } from "node:crypto";
import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import type {
  EpochContext,
  ImitatedModel,
  Message,
  MinerContext,
  SubnetTemplate,
} from "../../shared/template.ts";
import { isTensor, type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";

const LEAKED: Hotkey = "5Leaked";

/** Epochs whose secrets are disclosed, so that anybody can draw their questions and know what is true of them. */
const LEAKED_EPOCHS = 10;

/**
 * What it is worth to know every question of earlier epochs by heart: two miners have the same model, and one of them
 * answers each item that it ever saw with the truth.
 *
 * @returns Gain in raw score, and how many items of the epoch were known.
 */
export async function gainOfLeak(template: SubnetTemplate): Promise<{ gain: number; known: number }> {
  const config = template.parseConfig({ sameAddress: "off" });
  const pool = new Map<string, Float32Array>();
  const perfect: ImitatedModel = { seed: Buffer.alloc(32, "truth"), skill: 1 };
  const model: ImitatedModel = { seed: Buffer.alloc(32, "model"), skill: 0.6 };
  for (let epoch = 0; epoch < LEAKED_EPOCHS; epoch++) {
    for (const { task, synapse } of template.planEpoch(contextOf(epoch, config), template.initialState())
      .jobs) {
      const { x } = template.synapses[synapse]!.createRequest(task, LEAKED, new Map());
      const { y } = await template.imitate!(task, synapse, LEAKED, perfect, config)({});
      rowsOf(x as Tensor).forEach((row, i) => void pool.set(row, rowAt(y!, i)));
    }
  }

  let known = 0;
  const player = (leak: boolean): Player => {
    const memory = createMemory();
    return async ({ synapse, request, hotkey, job }) => {
      const infer = async (feeds: Tensors): Promise<Tensors> => {
        const { y } = await template.imitate!(job.task, job.synapse, hotkey, model, config)(feeds);
        if (!leak || !isTensor(request.x)) return { y: y! };
        const data = Float32Array.from(y!.data as Float32Array);
        rowsOf(request.x).forEach((row, i) => {
          const answer = pool.get(row);
          if (!answer) return;
          known++;
          data.set(answer, i * answer.length);
        });
        return { y: tensor("float32", y!.shape, data) };
      };
      const context = { hotkey, caller: "5Validator", infer, memory, signal: new AbortController().signal };
      return { response: await synapse.answer(request, context), latencyMs: 50 };
    };
  };
  const raw = async (hotkey: Hotkey, leak: boolean) => {
    const context = contextOf(LEAKED_EPOCHS, config, hotkey);
    const played = await playEpoch(
      template,
      context,
      template.initialState(),
      new Map([[hotkey, player(leak)]]),
    );
    return played.raw.get(hotkey)!.score;
  };
  return { gain: (await raw(LEAKED, true)) - (await raw(LEAKED, false)), known };
}

function contextOf(epoch: number, config: unknown, miner: Hotkey = LEAKED): EpochContext {
  const of = (what: string) => childSeed(new Uint8Array(32), `${what} ${epoch}`);
  const participants = [
    { hotkey: "5Validator", validatorPermit: true, ip: undefined },
    { hotkey: miner, validatorPermit: false, ip: "10.0.0.1" },
  ];
  return {
    ...{
      netuid: 1,
      mechanism: 0,
      epoch,
      startBlock: epoch * 360,
      tempo: 360,
      validator: "5Validator",
      config,
    },
    participants: participants.map((facts, uid) => ({
      ...facts,
      uid,
      coldkey: facts.hotkey,
      stakeRao: 0n,
      registeredAt: 0,
    })),
    ...{ beacon: of("beacon"), secret: of("secret") },
  };
}

function rowsOf({ shape, data }: Tensor): string[] {
  const width = data.byteLength / shape[0]!;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: shape[0]! }, (_, i) =>
    createHash("sha256")
      .update(bytes.subarray(i * width, (i + 1) * width))
      .digest("hex"),
  );
}

function rowAt({ shape, data }: Tensor, row: number): Float32Array {
  const width = data.length / shape[0]!;
  return (data as Float32Array).slice(row * width, (row + 1) * width);
}

function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return { get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}
