import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { processScorer } from "./process-scorer.ts";
import { inlineScorer, type Scorer } from "./scorer.ts";
import { hasOwnNetworks } from "./scorer-cage.ts";
import { recordedEpoch } from "./scoring.test-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-scorer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wallet = join(folder, "hotkey");
writeFileSync(wallet, "secret seed", { mode: 0o600 });

let files = 0;

/** A template in a file: everybody is worth what it says, on average, until `source` changes that. */
function templateFile(source: string): string {
  const path = join(folder, `template-${++files}.mjs`);
  writeFileSync(
    path,
    `const template = {
       id: "strange", version: "1", parseConfig: (input) => input, initialState: () => ({}), agents: [],
       synapses: { ask: { createRequest: (task) => task, parseResponse: (message) => message, maxResponseBytes: 1e6 } },
       planEpoch: () => ({ jobs: [] }),
       scoreEpoch(context, transcripts, state) {
         const raw = new Map();
         const evidence = [];
         for (const { job, answers } of transcripts) {
           for (const [hotkey, { response }] of answers) {
             raw.set(hotkey, { score: (raw.get(hotkey)?.score ?? 0) + response.worth / transcripts.length, reason: "ok" });
             evidence.push({ hotkey, taskId: job.taskId, facts: { worth: response.worth } });
           }
         }
         return { raw, evidence, state: Object.fromEntries([...raw].map(([hotkey, { score }]) => [hotkey, score])) };
       },
       toWeights: (state, { participants }) => participants.map(({ uid, hotkey }) => ({ uid, weight: state[hotkey] ?? 1 })),
     };
     ${source}
     export default template;`,
  );
  return path;
}

/** The scorer of a template that a stranger wrote. Its pauses after a failure are none. */
async function strangers(source: string, clock: Clock = impatient): Promise<Scorer> {
  const path = templateFile(source);
  return processScorer(
    {
      ...{ script: processEntry("scorer"), args: ["--file", path], readable: [path] },
      ...{ expected: { id: "strange", version: "1" }, heapMiB: 64, deadlineMs: DEADLINE_MS },
    },
    { logger: silentLogger, clock },
  );
}

const DEADLINE_MS = 60_000;

/** Waits for deadlines, and for nothing else. */
const impatient: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    if (ms === DEADLINE_MS) await systemClock.sleep(ms, signal);
  },
};

/** A scorer that does what the state names, and tells in its evidence what became of it. */
const HOSTILE = `
import * as fs from "node:fs";
import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { kill } from "node:process";
import os from "node:os";
import inspector from "node:inspector";
const tries = {
  "read a wallet": () => fs.readFileSync(${JSON.stringify(wallet)}),
  "read the environment of its parent": () => fs.readFileSync("/proc/" + process.ppid + "/environ"),
  "read its memory": () => fs.openSync("/proc/" + process.ppid + "/mem"),
  "list a folder": () => fs.readdirSync(${JSON.stringify(folder)}),
  "write a file": () => fs.writeFileSync(${JSON.stringify(join(folder, "left-behind"))}, "x"),
  "start a process": () => { const { error } = spawnSync("id"); if (error) throw error; },
  "start a thread": () => new Worker("", { eval: true }),
  "kill its parent": () => process.kill(process.ppid, 0),
  "kill by a named import": () => kill(process.ppid, 0),
  "debug its parent": () => process._debugProcess(process.ppid),
  "debug itself": () => inspector.open(0),
  "slow its parent down": () => os.setPriority(process.ppid, 19),
  "load native code": () => process.dlopen({ exports: {} }, "/usr/lib/x.node"),
  "reach Node's insides": () => process.binding("spawn_sync"),
};
const write = (...heads) => {
  for (const head of heads) {
    const text = Buffer.from(JSON.stringify(head));
    const bytes = Buffer.from(head.part === "state" ? "{}" : "");
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32LE(text.length, 0);
    prefix.writeUInt32LE(bytes.length, 4);
    fs.writeSync(3, Buffer.concat([prefix, text, bytes]));
  }
  hang();
};
const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
const stranger = { hotkey: "x", uid: 0, score: 1, reason: "ok", asked: 0, answered: 0 };
const told = (facts) => ({ raw: new Map(), state: null, evidence: [{ hotkey: "x", taskId: "x", facts }] });
let calls = 0;
const does = {
  tries() {
    const outcome = {};
    for (const [name, attempt] of Object.entries(tries)) {
      try { attempt(); outcome[name] = "done"; } catch (error) { outcome[name] = String(error.code); }
    }
    return told([outcome, { ...process.env }, process.argv.slice(2).length, process.cwd()]);
  },
  networks: () => told(Object.keys(os.networkInterfaces())),
  remembers() {
    const polluted = ({}).polluted === true;
    Object.prototype.polluted = true;
    return told({ calls: ++calls, polluted });
  },
  hangs: () => hang(),
  exits: () => process.exit(0),
  fillsHeap() { const a = []; for (;;) a.push({ a: [a.length] }); },
  fillsBuffers() { const a = []; for (;;) a.push(Buffer.alloc(5e7, 1)); },
  ownWords: () => write({ part: "scored", state: 1 }),
  scoresStrangers: () => write({ part: "scored" }, { part: "scores", scores: [stranger] }, { part: "state" }, { part: "end" }),
  talks() { for (;;) fs.writeSync(3, Buffer.alloc(1e6)); },
};
template.scoreEpoch = (context, transcripts, state) => does[state]();`;

describe("a scorer in a process of its own", () => {
  it("gives what the same template gives in this one", async () => {
    const path = templateFile("");
    const { default: template } = (await import(path)) as { default: SubnetTemplate };
    const options = { script: processEntry("scorer"), args: ["--file", path], readable: [path] };
    const scorer = await processScorer({ ...options, expected: template }, { logger: silentLogger });
    const inline = inlineScorer(template);
    const input = recordedEpoch(300, 3);
    const judged = await scorer.judge(input);
    expect(judged).toEqual(await inline.judge(input));
    if (judged.status !== "scored") throw new Error(judged.detail);
    expect(judged.scores).toHaveLength(300);
    expect(judged.evidence).toHaveLength(900);
    const weights = await scorer.weights(input.context, judged.state);
    expect(weights).toEqual(await inline.weights(input.context, judged.state));
    expect(weights).toHaveLength(300);
    await scorer.close();
  });

  describe("that is hostile", () => {
    let scorer: Scorer;
    const does = (what: string) => scorer.judge({ ...recordedEpoch(2, 1), state: what });
    beforeAll(async () => {
      scorer = await strangers(HOSTILE);
    });
    afterAll(() => scorer.close());

    it("T48: cannot read a wallet or the environment, write, start or end anything", async () => {
      const judged = await does("tries");
      if (judged.status !== "scored") throw new Error(judged.detail);
      const [outcome, ...rest] = judged.evidence[0]!.facts as [object, ...unknown[]];
      expect(Object.values(outcome)).toHaveLength(14);
      for (const [name, code] of Object.entries(outcome)) {
        expect(`${name}: ${code}`).toMatch(/: (ERR_ACCESS_DENIED|ERR_DLOPEN_DISABLED)$/);
      }
      expect(rest).toEqual([{}, 2, "/"]); // environment, arguments, folder
    });

    it("T48: reaches no network where the system has networks of their own", async ({ skip }) => {
      if (!(await hasOwnNetworks())) skip("this system gives its users no network namespaces");
      expect(await does("networks")).toMatchObject({ evidence: [{ facts: [] }] });
    });

    it("T48: carries nothing from one epoch to the next but its state, not even what it did to the language", async () => {
      for (const judged of [await does("remembers"), await does("remembers")]) {
        expect(judged).toMatchObject({ evidence: [{ facts: { calls: 1, polluted: false } }] });
      }
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    });

    it.for([
      ["ends its process", "exits", "scorer-failed"],
      ["fills the heap", "fillsHeap", "scorer-out-of-memory"],
      ["fills memory outside of the heap", "fillsBuffers", "scorer-failed"],
      ["answers in its own words", "ownWords", "scorer-failed"],
      ["scores who is not there", "scoresStrangers", "scorer-failed"],
      ["talks without end", "talks", "scorer-failed"],
    ] as const)("V4: and %s voids the epoch by name", async ([_, what, reason]) => {
      const counts = { asked: 1, answered: 1 };
      expect(await does(what)).toMatchObject({ status: "void", reason, scores: [counts, counts] });
    });
  });

  it("V4: that hangs is ended when its time is over, and works again afterwards", async () => {
    let isOver = (): void => {};
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    let deadlines = 0;
    const sleep: Clock["sleep"] = async (ms) => {
      // The second call's time is over when the test says so; the others have time without end.
      if (ms === DEADLINE_MS) await (++deadlines === 2 ? over : new Promise<never>(() => {}));
    };
    const scorer = await strangers(HOSTILE, { ...systemClock, sleep });
    const input = { ...recordedEpoch(1, 1), state: "hangs" };
    const judged = scorer.judge(input);
    isOver();
    expect(await judged).toMatchObject({ status: "void", reason: "scorer-timeout" });
    expect(await scorer.weights(input.context, {})).toEqual([{ uid: 0, hotkey: "miner-0", weight: 1 }]);
    await scorer.close();
  });

  it("starts from code that lies behind a link", async () => {
    const linked = join(folder, "linked");
    symlinkSync(dirname(processEntry("scorer")), linked);
    const path = templateFile("");
    const options = { script: join(linked, "scorer.js"), args: ["--file", path], readable: [path] };
    const expected = { id: "strange", version: "1" };
    const scorer = await processScorer({ ...options, expected }, { logger: silentLogger });
    await scorer.close();
  });

  it.for([
    ["another version", "template.version = '2';"],
    [
      "code that wants a package's secrets",
      `import fs from "node:fs"; fs.readFileSync(${JSON.stringify(wallet)});`,
    ],
  ])("does not start with %s", async ([_what, source]) => {
    await expect(strangers(source!)).rejects.toMatchObject({ code: "SCORER_NOT_STARTED" });
  });

  it("ends what it is doing when it is closed", async () => {
    const scorer = await strangers(HOSTILE);
    const judged = scorer.judge({ ...recordedEpoch(1, 1), state: "hangs" });
    await scorer.close();
    expect(await judged).toMatchObject({ status: "void" });
  });
});
