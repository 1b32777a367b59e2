import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { newTask } from "../creator/new-task.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { createChangingValidator } from "./changing-validator.ts";
import { createLiveTemplate } from "./live-template.ts";
import { watchTemplate } from "./watch-template.ts";

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-reload-"));
  await newTask({ name: "largest", dir: folder, json: true });
  path = join(folder, "template", "largest.ts");
});
afterAll(() => rm(folder, { recursive: true }));

const VERIFIED = { event: "weights.verified" } as ValidatorEvent;

describe("a template that is changed while it runs", () => {
  it("is loaded again when a file is saved; code that is broken or keeps not what all keep is said, and the old stays", async () => {
    const stop = new AbortController();
    const template = await loadTemplate(path);
    const source = await readFile(path, "utf8");
    const said: string[] = [];
    const ready: SubnetTemplate[] = [];
    const watching = watchTemplate(
      { path, template, config: {} },
      { say: (line) => said.push(line), onReady: (next) => ready.push(next), signal: stop.signal },
    );
    await writeFile(path, source.replace("score,", "score,,"));
    await expect
      .poll(() => said.join())
      .toMatch(/TEMPLATE_SYNTAX .*largest\.ts:\d+:\d+: .*the old code stays/);
    await writeFile(path, source.replace("? 1 : 0)", "? 1 : 2)"));
    await expect.poll(() => said.join()).toMatch(/✗ SF-T3\d\d .*the old code stays/);
    expect(ready).toEqual([]);
    await writeFile(path, source.replace('version: "1"', 'version: "2"'));
    await expect.poll(() => ready.map(({ version }) => version)).toEqual(["2"]);
    await writeFile(path, source);
    stop.abort();
    await watching;
  });

  it("starts between two epochs: the validator again, the miners with what they have", async () => {
    const stop = new AbortController();
    const said: string[] = [];
    const first = await loadTemplate(path);
    const next = { ...first, version: "2", agents: [] };
    const live = createLiveTemplate(first);
    const started: string[] = [];
    const changing = createChangingValidator(first, {
      start: ({ version }, ended) => {
        started.push(version);
        return {
          stopped: new Promise((done) => ended.addEventListener("abort", () => done(), { once: true })),
        };
      },
      ...{ replace: live.replace, say: (line) => said.push(line), signal: stop.signal },
    });
    changing.onEvent(VERIFIED); // nothing to change to
    changing.change(next);
    changing.onEvent({ event: "epoch.planned" } as ValidatorEvent);
    expect(started).toEqual(["1"]);
    changing.onEvent(VERIFIED);
    await expect.poll(() => started).toEqual(["1", "2"]);
    changing.change({ ...first, id: "other" });
    changing.onEvent(VERIFIED);
    await expect.poll(() => said.join()).toMatch(/it was largest with ask and is other with ask now/);
    await expect.poll(() => started).toEqual(["1", "2", "2"]);
    stop.abort();
    await changing.stopped;
  });

  it("gives miners the newest code for each question, and their adversaries too", async () => {
    const first = await loadTemplate(path);
    const live = createLiveTemplate(first);
    const { ask } = first.synapses;
    const work = (largest: number) => async () => ({ largest });
    live.replace({
      ...first,
      synapses: { ask: { ...ask!, answer: work(7) } },
      agents: [{ ...first.agents[0]!, answer: work(8) }],
    });
    expect(await live.template.synapses.ask!.answer({}, {} as never)).toEqual({ largest: 7 });
    expect(await live.template.agents[0]!.answer({}, {} as never)).toEqual({ largest: 8 });
  });
});
