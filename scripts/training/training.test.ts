import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { listModels } from "../../subnets/models.ts";
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
});
