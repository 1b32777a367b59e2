import { randomUUID } from "node:crypto";
import { request } from "undici";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { tensor } from "../shared/tensor.ts";
import { signEpistula } from "../shared/wire/epistula.ts";
import { encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { unixNs } from "../shared/wire/nonce.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { PROTOCOLS } from "../shared/wire/protocols.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { startTestAxon } from "./axon.test-kit.ts";
import { alice, bob } from "./miner.test-kit.ts";

const body = encodeMessage({ x: tensor("float32", [1, 2], Float32Array.of(1, 2)) });

beforeAll(keysReady);

async function startAxon(protocols: ProtocolId[]) {
  const axon = await startTestAxon({
    protocols: protocols.map((id) => PROTOCOLS[id].protocol),
    store: new ReplayStore({
      windows: Object.fromEntries(protocols.map((id) => [id, PROTOCOLS[id].window])),
      claimDelayNs: 1_000_000_000n,
      startedNs: unixNs() - 60_000_000_000n,
    }),
  });
  onTestFinished(() => axon.stop());
  return async (uuid: string, sent: Uint8Array = body) => {
    const signed = signEpistula({
      ...{ signer: alice(), receiver: bob().address, body, uuid, nowMs: Date.now() },
    });
    const reply = await request(`${axon.url}/double/ask`, {
      method: "POST",
      headers: { ...signed, "content-type": MESSAGE_CONTENT_TYPE },
      body: sent,
    });
    const text = await reply.body.text();
    return reply.statusCode === 200 ? "answered" : JSON.parse(text).code;
  };
}

test("an axon that takes Epistula answers a request once, whatever time a second one with its uuid names", async () => {
  const ask = await startAxon(["btauth/1", "epistula/2"]);
  const uuid = randomUUID();
  expect(await ask(uuid)).toBe("answered");
  expect(await ask(uuid)).toBe("BTAUTH_REPLAYED");
  expect(
    await ask(randomUUID(), encodeMessage({ x: tensor("float32", [1, 2], Float32Array.of(1, 3)) })),
  ).toBe("BTAUTH_BAD_SIGNATURE");
});

test("an axon that was not told to take Epistula refuses it before it reads the body", async () => {
  const ask = await startAxon(["btauth/1"]);
  expect(await ask(randomUUID())).toBe("BTAUTH_MALFORMED");
});
