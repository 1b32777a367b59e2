import { beforeAll, describe, expect, it } from "vitest";
import { type PlayedEpoch, playEpoch } from "../shared/play-epoch.ts";
import type { Agent, Message } from "../shared/template.ts";
import type { Json } from "../shared/types.ts";
import { fromMessage, readBody, toQuestion } from "../shared/wire/v10/synapse-body.ts";
import { checkTemplate } from "../simulator/template-checks/check-template.ts";
import { honestPlayer } from "../simulator/template-checks/field.ts";
import { TEMPLATE_CHECKS, type TemplateFinding } from "../simulator/template-checks/finding.ts";
import { toComparable } from "../simulator/template-checks/to-comparable.ts";
import { agentPlayer, createField } from "./field.test-kit.ts";
import { listModels } from "./models.ts";
import { loadModel } from "./ort-model.test-kit.ts";
import { loadSubnet, SUBNET_NAMES } from "./registry.ts";

const HONEST = ["5HonestA", "5HonestB", "5HonestC"];
const ODD = "5Odd";

/** Scoring the same answers a thousand times is for `subforge task check`; a scorer that throws dice shows at once. */
const REPEATS = 20;
/** Ten thousand answers are scored, on whatever machine: seconds on an idle one. */
const CATALOGUE_MS = 120_000;

/**
 * Found out by audits of committed models, or by what they have in common with others for epochs: these few epochs have
 * neither. `npm run sim -- criteria` plays them.
 */
const FOUND_LATER: Readonly<Record<string, readonly string[]>> = {
  inference: ["tuned-copycat", "substitute"],
  // In a topic this young a value of the epoch before may be right by luck for a while; `sim attack` plays it.
  forecast: ["stale-copier"],
};

/** Who is paid by the truth has to wait for it, and for enough of it to tell luck from skill. Default: 3. */
const EPOCHS: Readonly<Record<string, number>> = { forecast: 30 };

/** What every subnet that ships with subforge keeps, whatever it asks and pays for. A folder is tested by being there. */
describe.each(SUBNET_NAMES)("the subnet %s", async (name) => {
  const { quickConfig } = await loadSubnet(name);
  const field = await createField(name, [...HONEST, ODD], "contract", quickConfig);
  const { template } = field;
  const context = field.contextOf(3);
  const models = await Promise.all(
    (await listModels(name)).slice(0, HONEST.length).map((model) => loadModel(name, model.name)),
  );
  const honest = () => HONEST.map((hotkey, i) => [hotkey, honestPlayer(models[i % models.length])] as const);

  describe("keeps the catalogue", () => {
    let findings: TemplateFinding[] = [];
    beforeAll(async () => {
      findings = await checkTemplate({
        template,
        config: quickConfig,
        models,
        repeats: REPEATS,
        seed: "contract",
      });
    }, CATALOGUE_MS);

    it.each(Object.entries(TEMPLATE_CHECKS))("%s: %s", (code) => {
      expect(findings.find((finding) => finding.code === code)).toMatchObject({ ok: true });
    });
  });

  it("can be asked by Python peers where it says so, and nothing of a question is left out or unsigned", () => {
    for (const job of template.planEpoch(context, template.initialState()).jobs) {
      const { v10, createRequest } = template.synapses[job.synapse]!;
      if (!v10 || job.to === "source") continue;
      const message: Message = createRequest(job.task, job.to[0]!, new Map());
      const inputs = fromMessage(v10, message, "inputs");
      expect(toComparable(toQuestion(v10, readBody(v10, inputs)))).toEqual(toComparable(message));
      expect(v10.name).toMatch(/^[A-Z][A-Za-z0-9]{0,63}$/);
      expect(v10.requiredHashFields).toEqual(expect.arrayContaining(Object.keys(message)));
      const outputs = Object.values(v10.fields).filter((field) => field.output);
      expect(outputs.length).toBeGreaterThan(0);
      expect(outputs.every((field) => field.default !== undefined)).toBe(true);
    }
  });

  const foundAtOnce = template.agents.filter((agent) => !FOUND_LATER[name]?.includes(agent.name));
  describe.each(foundAtOnce.map((agent) => [agent.name, agent] as [string, Agent]))(
    "against %s",
    (_, agent) => {
      it("pays more for each unit of cost to who does the work", async () => {
        const players = new Map([...honest(), [ODD, agentPlayer(agent, models[0], name)] as const]);
        let state = template.initialState();
        let pending: PlayedEpoch<Json>["pending"] = [];
        const paid = new Map<number, number>();
        for (let epoch = 0; epoch < (EPOCHS[name] ?? 3); epoch++) {
          const played = await playEpoch(template, field.contextOf(epoch), state, players, { pending });
          ({ state, pending } = played);
          for (const { uid, weight } of played.weights) paid.set(uid, (paid.get(uid) ?? 0) + weight);
        }
        const oddsPay = (paid.get(4) ?? 0) / agent.cost;
        const medianHonest = [1, 2, 3].map((uid) => paid.get(uid) ?? 0).sort((a, b) => a - b)[1]!;
        expect(oddsPay).toBeLessThan(medianHonest);
        expect(paid.get(4) ?? 0).toBeLessThan(0.01 * Math.max(...paid.values())); // less than 1 % of the best
      });
    },
  );
});

describe("the registry", () => {
  it("names what there is when it is asked for something else", async () => {
    await expect(loadSubnet("forecasts")).rejects.toMatchObject({
      code: "SUBNET_UNKNOWN",
      details: { known: [...SUBNET_NAMES] },
    });
    await expect(loadSubnet("toString")).rejects.toMatchObject({ code: "SUBNET_UNKNOWN" });
  });

  it("loads each subnet under its own name", async () => {
    for (const name of SUBNET_NAMES) expect((await loadSubnet(name)).id).toBe(name);
  });
});
