import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { STEP_FEATURES, WINDOW } from "../../subnets/forecast/features.ts";
import { listModels } from "../../subnets/models.ts";
import { forecastDataHash } from "./forecast.ts";
import { infererOnnx } from "./forecast-graphs.ts";
import { makeHelloModel } from "./hello.ts";
import { LADDER, trainRung } from "./inference.ts";

describe("training", () => {
  it("takes the same steps to the same model each time, as many as the checked-in card says", async () => {
    const rung = LADDER.at(-1)!; // the quickest
    const [first, again] = [trainRung(rung), trainRung(rung)];
    expect(again.net).toEqual(first.net);
    const card = (await listModels("inference")).find(({ name }) => name === rung.name)!;
    expect(first.how).toBe(card.how);
  });

  it("writes the hello model that is checked in, byte for byte", async () => {
    const [card] = await listModels("hello");
    expect(createHash("sha256").update(makeHelloModel().onnx).digest("hex")).toBe(card!.sha256);
  });

  it("of forecast still draws what its models learned from, and writes the least of them byte for byte", async () => {
    const cards = await listModels("forecast");
    for (const { data } of cards) expect(data).toBe(forecastDataHash());
    const persistence = infererOnnx("persistence", WINDOW, STEP_FEATURES);
    const { sha256 } = cards.find(({ name }) => name === "persistence")!;
    expect(createHash("sha256").update(persistence).digest("hex")).toBe(sha256);
  });
});
