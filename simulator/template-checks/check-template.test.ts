import { describe, expect, it } from "vitest";
import { defineTask } from "../../shared/define-task.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { loadModel } from "../../subnets/ort-model.test-kit.ts";
import { loadSubnet } from "../../subnets/registry.ts";
import { checkTemplate } from "./check-template.ts";
import { TEMPLATE_CHECKS } from "./finding.ts";
import { watchPurity } from "./watch-purity.ts";

const QUICK = { repeats: 20, garbage: 192 };

/** What the checks say of a template that changes `hello` in one place. */
async function codesOf(change: (hello: SubnetTemplate) => Partial<SubnetTemplate>): Promise<string[]> {
  const hello = await loadSubnet("hello");
  const template = { ...hello, ...change(hello) };
  const models = [await loadModel("hello")];
  const findings = await checkTemplate({ template, config: {}, models, ...QUICK });
  return findings.filter(({ ok }) => !ok).map(({ code, facts }) => `${code} ${facts}`);
}

describe("what every template keeps", () => {
  it("hello keeps all of it", async () => {
    const template = await loadSubnet("hello");
    const findings = await checkTemplate({
      template,
      config: {},
      models: [await loadModel("hello")],
      ...QUICK,
    });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ code }) => code)).toEqual(Object.keys(TEMPLATE_CHECKS));
  });

  it("finds an id that no queue can carry, before it asks anything else", async () => {
    expect(await codesOf(() => ({ id: "Hello!" }))).toEqual([expect.stringMatching(/^SF-T301 id must be/)]);
  });

  it("finds a clock in the scores, also where it changes nothing", async () => {
    const found = await codesOf((hello) => ({
      scoreEpoch: (...of) => (Date.now() > 0 ? hello.scoreEpoch(...of) : hello.scoreEpoch(...of)),
    }));
    expect(found).toEqual([expect.stringMatching(/^SF-T306 it uses Date.now/)]);
  });

  it("finds randomness by what it does to repeated scores", async () => {
    const found = await codesOf((hello) => ({
      scoreEpoch: (...of) => {
        const scored = hello.scoreEpoch(...of);
        for (const entry of scored.raw.values()) entry.score *= Math.random();
        return scored;
      },
    }));
    expect(found.join("\n")).toMatch(/SF-T306 it uses Math.random[\s\S]*SF-T307/);
  });

  it("finds questions that public data give away", async () => {
    const found = await codesOf((hello) => ({
      planEpoch: (context, state) => hello.planEpoch({ ...context, secret: new Uint8Array(32) }, state),
    }));
    expect(found).toEqual([
      expect.stringMatching(/^SF-T304 question 1 stays the same when the secret/),
      expect.stringMatching(/^SF-T315 a row of x of ask can be computed from public data/),
    ]);
  });

  it("finds an empty answer that is worth more than the median honest one, and garbage that is paid", async () => {
    const generous = defineTask<{ x: number }, { y: number }>({
      name: "generous",
      version: "1",
      timeoutMs: 1_000,
      tasksPerEpoch: 2,
      createTask: (random) => ({ request: { x: random.nextU32() } }),
      parseRequest: ({ x }) => (typeof x === "number" ? { x } : refuse()),
      parseResponse: ({ y }) => ({ y: y as number }),
      answer: async ({ x }) => ({ y: x }),
      score: ({ x }, answers) =>
        answers.map((a) => (!a.ok || a.response.y === undefined ? 0.42 : a.response.y === x ? 0.2 : 0.1)),
    });
    const findings = await checkTemplate({ template: generous, config: {}, models: [], ...QUICK });
    const failed = new Map(findings.filter(({ ok }) => !ok).map(({ code, facts }) => [code, facts]));
    expect([...failed.keys()]).toEqual(["SF-T310", "SF-T312"]);
    expect(failed.get("SF-T310")).toBe("an empty answer scores 0.42: the median honest one 0.2");
  });

  it("finds scores that are no numbers, and a scorer that throws on what its parser let through", async () => {
    const hello = await loadSubnet("hello");
    const ask = hello.synapses.ask!;
    const open = { ...hello.synapses, ask: { ...ask, parseResponse: (message: never) => message } };
    const found = await codesOf(() => ({ synapses: open }));
    expect(found.join("\n")).toMatch(/SF-T311 generated answers make it throw/);
  });

  it("finds a state that JSON would lose a part of", async () => {
    const found = await codesOf((hello) => ({
      scoreEpoch: (...of) => {
        const scored = hello.scoreEpoch(...of);
        return { ...scored, state: { ...(scored.state as object), lost: undefined } as never };
      },
    }));
    expect(found).toContainEqual(expect.stringMatching(/^SF-T313 the state is another one/));
  });
});

describe("watchPurity", () => {
  it("tells what was reached for, and leaves everything as it was", () => {
    const before = [Date, Date.now, Math.random, globalThis.fetch];
    const { result, reached } = watchPurity(() => [new Date(5).getTime(), new Date(), Math.random()].length);
    expect(result).toBe(3);
    expect(reached.sort()).toEqual(["Math.random", "new Date"]);
    expect([Date, Date.now, Math.random, globalThis.fetch]).toEqual(before);
    expect(new Date()).toBeInstanceOf(Date);
  });
});

function refuse(): never {
  throw new Error("no number");
}
