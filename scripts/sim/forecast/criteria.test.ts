import { describe, expect, it } from "vitest";
import { clones } from "./attackers.ts";
import { chainAgreement } from "./chain-agreement.ts";
import { inferersWith, lazyInferer, playWorld } from "./world.ts";

describe("the reference scenario of section 5", () => {
  it("section 5, agreement with the chain: holds without any file beside the repository", async () => {
    expect(await chainAgreement.measure()).toMatchObject({ pass: true });
  });

  it("is the same world for the same seed, whoever joins", () => {
    const world = { seed: "same", epochs: 12 };
    const before = playWorld(world);
    expect(playWorld(world)).toEqual(before);
    const joined = playWorld({ ...world, inferers: inferersWith(...clones(2)) });
    expect(joined.map(({ day }) => day.truth)).toEqual(before.map(({ day }) => day.truth));
    expect(joined.map(({ open }) => open.inferers)).toEqual(before.map(({ open }) => open.inferers));
    expect(joined.at(-1)!.open.duplicates.map(({ id }) => id)).toEqual(["clone0", "clone1"]);
  });

  it("section 5, last-value worker: is paid nothing once the gate knows it", () => {
    const last = playWorld({ seed: "lazy", epochs: 60 }).slice(30);
    const weights = last.map(({ report }) => report.inferers.find(({ id }) => id === lazyInferer.id)!.weight);
    expect(new Set(weights)).toEqual(new Set([0]));
  });
});
