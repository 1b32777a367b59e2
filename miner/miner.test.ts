import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import type { Agent } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import { alice, ask, bob, doublingTemplate, startTestMiner, ThreeCallChain } from "./miner.test-kit.ts";

const x = tensor("float32", [1, 2], Float32Array.of(1, 2));

beforeAll(keysReady);

describe.concurrent("a miner", () => {
  test("announces its address, reads it back, and does not announce it again", async ({ expect }) => {
    const chain = new ThreeCallChain();
    const announcement = { ip: "2001:db8::7", port: 8091 };
    const first = await startTestMiner({ announce: announcement }, { chain });
    await first.stop();
    const second = await startTestMiner({ announce: { ...announcement, ip: "2001:DB8:0::7" } }, { chain });
    await second.stop();
    expect(chain.submitted).toEqual([{ kind: "serveAxon", netuid: 2, ...announcement }]);
    expect(chain.neurons[0]?.axon).toMatchObject(announcement);
  });

  test("does not start when the chain does not take its announcement, and leaves nothing behind", async ({
    expect,
  }) => {
    const chain = new ThreeCallChain();
    chain.refusal = "SubtensorModule.ServingRateLimitExceeded";
    const start = startTestMiner({ announce: { ip: "203.0.113.7", port: 8091 } }, { chain });
    await expect(start).rejects.toMatchObject({
      code: "MINER_ANNOUNCE_FAILED",
      details: { reason: "SubtensorModule.ServingRateLimitExceeded" },
    });
  });

  test("does not start unregistered, without its chain, on a taken port, or with a file that is no model", async ({
    expect,
  }) => {
    const strangers = new ThreeCallChain();
    strangers.neurons = strangers.neurons.filter(({ hotkey }) => hotkey !== bob().address);
    await expect(startTestMiner({}, { chain: strangers })).rejects.toMatchObject({
      code: "MINER_NOT_REGISTERED",
    });

    const away = new ThreeCallChain();
    away.isAway = true;
    await expect(startTestMiner({}, { chain: away })).rejects.toMatchObject({ code: "CHAIN_UNREACHABLE" });

    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    await expect(startTestMiner({ port })).rejects.toMatchObject({ code: "PORT_IN_USE", details: { port } });
    taken.close();

    await expect(startTestMiner({ host: "203.0.113.7" })).rejects.toMatchObject({ code: "PORT_FORBIDDEN" });
    await expect(startTestMiner({ modelPath: "/nowhere.onnx" })).rejects.toMatchObject({
      code: "MINER_MODEL_MISSING",
    });
    const folder = await mkdtemp(join(tmpdir(), "subforge-no-model-"));
    const path = join(folder, "model.onnx");
    await writeFile(path, "this is no model");
    await expect(startTestMiner({ modelPath: path })).rejects.toMatchObject({ code: "MINER_MODEL_INVALID" });
    await rm(folder, { recursive: true });
    await expect(startTestMiner({ inference: { device: "cuda" } })).rejects.toMatchObject({
      code: "MINER_NO_CUDA",
    });
  });

  test("welcomes its own hotkey, answers by the Open Inference Protocol too, and counts both", async ({
    expect,
  }) => {
    const miner = await startTestMiner({ metricsPort: 0 });
    expect((await ask(miner.url, { signer: bob() })).code).toBeUndefined();
    const described = await (await fetch(`${miner.url}/v2/models/default`)).json();
    expect(described).toMatchObject({ name: "default", inputs: [{ datatype: "FP32" }] });
    const page = await (await fetch(miner.metricsUrl!)).text();
    expect(page).toContain('sf_requests_total{outcome="answered",protocol="btauth/1"} 1\n');
    expect(page).toContain('sf_model_ready{model="default"} 1\n');
    expect(page).toContain('sf_provider{model="default",name="cpu"} 1\n');
    expect(page).toContain("sf_registered 1\n");
    expect(page).not.toContain(bob().address); // T41
    await miner.stop();
    await expect(fetch(miner.metricsUrl!)).rejects.toThrow();
  });

  test("M15 keeps its model when the file it is told to load again is none", async ({ expect }) => {
    const miner = await startTestMiner();
    await writeFile(miner.modelPath, "half a mod");
    await expect(miner.reload()).rejects.toMatchObject({ code: "MINER_MODEL_INVALID" });
    expect((await ask(miner.url)).code).toBeUndefined();
    await miner.stop();
  });

  test("follows the chain: a lost permit is refused, a new one is welcome", async ({ expect }) => {
    const miner = await startTestMiner();
    const codeOf = () => ask(miner.url).then(({ code }) => code);
    expect(await codeOf()).toBeUndefined();
    miner.chain.neurons[1]!.validatorPermit = false;
    await expect.poll(codeOf).toBe("BTAUTH_NOT_WELCOME");
    miner.chain.neurons[1]!.validatorPermit = true;
    await expect.poll(codeOf).toBeUndefined();
    await miner.stop();
  });

  test("keeps serving those it knows while the chain is away", async ({ expect }) => {
    const miner = await startTestMiner();
    miner.chain.isAway = true;
    for (let i = 0; i < 5; i += 1) expect((await ask(miner.url)).code).toBeUndefined();
    await miner.stop();
  });

  test("lets a behaviour wrap the honest answer, or give none", async ({ expect }) => {
    const negate: Agent = {
      ...{ name: "negate", describe: "Answers the opposite.", cost: 1 },
      answer: async (request, { honest }) =>
        request.mode === "silent" ? undefined : { y: 1, was: await honest() },
    };
    const miner = await startTestMiner({ agent: negate }, { template: doublingTemplate(3_000).template });
    expect(await ask(miner.url)).toMatchObject({
      isSigned: true,
      answer: { y: 1, was: { y: { shape: [1, 2] } } },
    });
    await expect(ask(miner.url, { message: { x, mode: "silent" } })).rejects.toThrow();
    await miner.stop();
  });

  test("drains when it is told to stop: work in hand is finished, new questions are refused, the port is free", async ({
    expect,
  }) => {
    const { template, release, entered } = doublingTemplate();
    const miner = await startTestMiner({}, { template });
    const held = [0, 1, 2].map(() => ask(miner.url, { message: { x, mode: "wait" } }));
    await expect.poll(() => entered.length).toBe(3);
    const stopped = miner.stop();
    expect((await ask(miner.url)).code).toBe("AXON_STOPPING");
    expect((await fetch(`${miner.url}/health/ready`)).status).toBe(503);
    release();
    expect((await Promise.all(held)).map(({ code }) => code)).toEqual([undefined, undefined, undefined]);
    await stopped;
    await expect(ask(miner.url)).rejects.toThrow();
  });

  test("stops while the chain hangs", async ({ expect }) => {
    const miner = await startTestMiner();
    let asked = 0;
    miner.chain.metagraph = () => {
      asked += 1;
      return new Promise(() => undefined);
    };
    await expect.poll(() => asked).toBe(1);
    await miner.stop();
  });

  test("loses no answer when it is told to stop under load", async ({ expect }) => {
    const { template, entered } = doublingTemplate();
    const miner = await startTestMiner({ limits: { callerBurst: 1_000 } }, { template });
    const codeOf = () =>
      ask(miner.url).then(
        ({ code }) => code ?? "answered",
        () => "not connected",
      );
    const asked = Array.from({ length: 100 }, codeOf);
    await expect.poll(() => entered.length).toBeGreaterThan(10);
    await miner.stop();
    const codes = await Promise.all(asked);
    expect(codes.filter((code) => code === "answered")).toHaveLength(entered.length);
    for (const code of codes) expect(["answered", "AXON_STOPPING", "not connected"]).toContain(code);
  });

  test("refuses nonces that whoever listened before may have taken", async ({ expect }) => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const miner = await startTestMiner();
    expect((await ask(miner.url, { nonce: before })).code).toBe("BTAUTH_WARMING_UP");
    expect((await ask(miner.url, { signer: alice() })).code).toBeUndefined();
    await miner.stop();
  });
});
