import { afterAll, beforeAll, expect, test } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import { startTestMiner } from "../miner.test-kit.ts";

let miner: Awaited<ReturnType<typeof startTestMiner>>;
beforeAll(async () => {
  await keysReady();
  miner = await startTestMiner({ localPort: { port: 0 }, version: "1.2.3" });
});
afterAll(() => miner.stop());

const inputs = [{ name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] }];

test("a miner serves its model to the operator's own programs", async () => {
  const reply = await fetch(`${miner.localUrl}/v2/models/default/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs }),
  });
  expect(await reply.json()).toMatchObject({ outputs: [{ name: "y", shape: [2, 2], data: [2, 4, 6, 8] }] });
});

test("a miner says to everybody what it is, and infers for nobody who does not sign", async () => {
  const get = async (path: string) => (await fetch(miner.url + path)).json();
  expect(await get("/v2")).toMatchObject({ name: "subforge", version: "1.2.3" });
  expect(await get("/v2/health/ready")).toEqual({ ready: true });
  expect(await get("/v2/models/default")).toMatchObject({ inputs: [{ name: "x", shape: [-1, 2] }] });
  const unsigned = await fetch(`${miner.url}/v2/models/default/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs }),
  });
  expect([unsigned.status, await unsigned.json()]).toMatchObject([401, { code: "BTAUTH_MALFORMED" }]);
});

test("every path of its own document answers, and what is not in it does not", async () => {
  const { paths } = (await (await fetch(`${miner.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, object>>;
  };
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of ["get", "post"]) {
      const { status } = await fetch(miner.url + path, { method, ...(method === "post" && { body: "{}" }) });
      const expected = !(method in operations) ? 404 : method === "get" ? 200 : 401;
      expect([method, path, status]).toEqual([method, path, expected]);
    }
  }
  expect(Object.keys(paths)).toContain("/double/ask");
});
