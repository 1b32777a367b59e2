import { describe, expect, it } from "vitest";
import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import type { EpochContext, MinerContext } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { loadModel } from "../ort-model.test-kit.ts";
import hello from "./index.ts";

function contextWith(config: unknown): EpochContext<ReturnType<typeof hello.parseConfig>> {
  const participant = {
    coldkey: "5C",
    stakeRao: 0n,
    validatorPermit: false,
    registeredAt: 0,
    ip: "127.0.0.1",
  };
  return {
    netuid: 1,
    mechanism: 0,
    epoch: 1,
    startBlock: 10,
    tempo: 10,
    validator: "5Validator",
    participants: [
      { uid: 0, hotkey: "5Adds", ...participant },
      { uid: 1, hotkey: "5Guesses", ...participant },
    ],
    beacon: new Uint8Array(32).fill(1),
    secret: new Uint8Array(32).fill(2),
    config: hello.parseConfig(config),
  };
}

describe("hello", () => {
  it("pays the miner that adds with its model, and not the one that guesses", async () => {
    const miner = { ...(await loadModel("hello")), signal: AbortSignal.timeout(10_000) } as MinerContext;
    const adds: Player = async ({ synapse, request }) => ({
      response: await synapse.answer(request, miner),
      latencyMs: 3,
    });
    const guesses: Player = async ({ request }) => {
      const { shape } = request.x as { shape: number[] };
      return {
        response: { y: tensor("float32", [shape[0]!, 1], new Float32Array(shape[0]!)) },
        latencyMs: 1,
      };
    };
    const players = new Map([
      ["5Adds", adds],
      ["5Guesses", guesses],
    ]);
    const { raw, weights } = await playEpoch(hello, contextWith({ rows: 16 }), hello.initialState(), players);
    expect(raw.get("5Adds")).toEqual({ score: 1, reason: "ok" });
    expect(raw.get("5Guesses")).toEqual({ score: 0, reason: "below-baseline" });
    expect(weights).toEqual([{ uid: 0, weight: 1 }]);
  });

  it("has a knob for load and one for slowness, both bounded", () => {
    expect(hello.parseConfig({ rows: 100, delayMs: 50 })).toEqual({ rows: 100, delayMs: 50 });
    for (const wrong of [{ rows: 0 }, { rows: 5_000 }, { delayMs: 2_000 }, { delayMs: -1 }, { speed: 1 }]) {
      expect(() => hello.parseConfig(wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    }
    const context = contextWith({ rows: 100, delayMs: 50 });
    const [job] = hello.planEpoch(context, hello.initialState()).jobs;
    const request = hello.synapses.ask!.createRequest(job!.task, "5Adds", new Map());
    expect(request).toMatchObject({ x: { shape: [100, 4] }, delayMs: 50 });
  });
});
