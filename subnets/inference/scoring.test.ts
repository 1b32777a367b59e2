import { describe, expect, it } from "vitest";
import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import type { Failure } from "../../shared/reasons.ts";
import type { Transcript } from "../../shared/template.ts";
import { honestPlayer } from "../../simulator/template-checks/field.ts";
import { createField } from "../field.test-kit.ts";
import { loadModel } from "../ort-model.test-kit.ts";

const best = await loadModel("inference", "shapes-95");
const good = await loadModel("inference", "shapes-87");
const weak = await loadModel("inference", "shapes-34");
const silent: Player = async () => ({ response: undefined, latencyMs: 0 });

async function play(players: Record<string, Player>, epochs = 1) {
  const { template, contextOf } = await createField("inference", Object.keys(players), "scoring");
  let state = template.initialState();
  let epoch = await playEpoch(template, contextOf(0), state, new Map(Object.entries(players)));
  for (let number = 1; number < epochs; number++) {
    state = epoch.state;
    epoch = await playEpoch(template, contextOf(number), state, new Map(Object.entries(players)));
  }
  return { ...epoch, template, contextOf };
}

/** Takes away the commitments of some rounds. */
function withFailures(transcripts: readonly Transcript[], hotkey: string, reason: Failure, rounds: number) {
  const lost = Array.from({ length: rounds }, (_, round) => `commit-${round}`);
  return transcripts.map((transcript) =>
    lost.includes(transcript.job.taskId)
      ? {
          ...transcript,
          answers: new Map(transcript.answers).set(hotkey, { ok: false, reason, latencyMs: 9 }),
        }
      : transcript,
  );
}

describe("an epoch's score", () => {
  it("is between the quality with full and without any latency bonus", async () => {
    const fast = await play({ "5A": honestPlayer(best, 0) });
    const slow = await play({ "5A": honestPlayer(best, 3_000) });
    expect(slow.raw.get("5A")!.score / fast.raw.get("5A")!.score).toBeCloseTo(0.9, 9);
  });

  it("loses the square of what was not answered", async () => {
    const { transcripts, template, contextOf, raw } = await play({ "5A": honestPlayer(best) });
    const half = withFailures(transcripts, "5A", "timeout", 2);
    const scored = template.scoreEpoch(contextOf(0), half, template.initialState());
    expect(scored.raw.get("5A")!.reason).toBe("timeout");
    expect(scored.raw.get("5A")!.score / raw.get("5A")!.score).toBeCloseTo(0.25, 1);
  });

  it("is not touched by rounds that the validator itself lost", async () => {
    const { transcripts, template, contextOf, raw } = await play({ "5A": honestPlayer(best) });
    const half = withFailures(transcripts, "5A", "validator-outage", 2);
    const scored = template.scoreEpoch(contextOf(0), half, template.initialState());
    expect(scored.raw.get("5A")!.reason).toBe("ok");
    expect(scored.raw.get("5A")!.score / raw.get("5A")!.score).toBeCloseTo(1, 1);

    const none = withFailures(transcripts, "5A", "validator-outage", 4);
    expect(template.scoreEpoch(contextOf(0), none, template.initialState()).raw.size).toBe(0);
  });

  it("is 0 with a reason for a silent miner, and pays nobody when all are silent", async () => {
    const { raw, weights } = await play({ "5A": silent });
    expect(raw.get("5A")).toEqual({ score: 0, reason: "timeout" });
    expect(weights).toEqual([]);
  });

  it("pays better models more", async () => {
    const { weights } = await play(
      { "5A": honestPlayer(weak), "5B": honestPlayer(best), "5C": honestPlayer(good) },
      3,
    );
    expect(weights.toSorted((a, b) => b.weight - a.weight).map(({ uid }) => uid)).toEqual([2, 3, 1]);
  });

  it("names below-baseline when an average is under a quarter of the best", async () => {
    const { raw, weights } = await play({ "5A": honestPlayer(best), "5B": honestPlayer(weak) }, 1);
    expect(raw.get("5B")!.reason).toBe("ok");
    const { template, contextOf, transcripts } = await play({
      "5A": honestPlayer(best),
      "5B": honestPlayer(weak),
    });
    const scored = template.scoreEpoch(contextOf(0), transcripts, {
      ...(template.initialState() as object),
      averages: { "5A": 0.9 },
    });
    expect(scored.raw.get("5B")!.reason).toBe("below-baseline");
    expect(weights).toHaveLength(2);
    expect(template.toWeights(scored.state, contextOf(0)).map(({ uid }) => uid)).toEqual([1]);
  });
});

describe("a copy of the same model", () => {
  it("is unpaid, and the one that registered first is not", async () => {
    const { raw, weights } = await play({
      "5First": honestPlayer(best),
      "5Second": honestPlayer(best),
      "5Own": honestPlayer(good),
    });
    expect(raw.get("5First")!.reason).toBe("ok");
    expect(raw.get("5Second")).toEqual({ score: 0, reason: "duplicate-answer" });
    expect(raw.get("5Own")!.reason).toBe("ok");
    expect(weights.map(({ uid }) => uid)).toEqual([1, 3]);
  });

  it("is paid again after three epochs of its own answers, and silence does not count as such", async () => {
    const names = ["5First", "5Second"];
    const { template, contextOf } = await createField("inference", names, "copies");
    const copying = new Map(names.map((name) => [name, honestPlayer(best)]));
    const apart = new Map([...copying, ["5Second", honestPlayer(good)]]);
    const quiet = new Map([...copying, ["5Second", silent]]);
    let state = template.initialState();
    const paid: boolean[] = [];
    for (const [epoch, players] of [copying, apart, apart, quiet, apart].entries()) {
      const played = await playEpoch(template, contextOf(epoch), state, players);
      state = played.state;
      paid.push(played.weights.some(({ uid }) => uid === 2));
    }
    expect(paid).toEqual([false, false, false, false, true]);
  });
});

describe("the configuration", () => {
  it("knows its presets and names them when asked for another, and bounds a question by its kind", async () => {
    const { template } = await createField("inference", [], "config");
    const config = template.parseConfig(undefined);
    expect(config).toMatchObject({ preset: "classification", rounds: 4, items: 64, sharedShare: 0.3 });
    expect(template.parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config); // as the journal gives it back
    for (const wrong of [{ preset: "weather" }, { items: 100_000 }]) {
      expect(() => template.parseConfig(wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    }
    expect(() => template.parseConfig({ preset: "weather" })).toThrow("use classification");
  });
});
