import { isDeepStrictEqual } from "node:util";
import { request } from "undici";
import type { Keypair } from "../../shared/keys/keypair.ts";
import type { Message } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { bodyHash } from "../../shared/wire/v10/body-hash.ts";
import { v10Headers } from "../../shared/wire/v10/headers.ts";
import { printPythonJson } from "../../shared/wire/v10/python-json.ts";
import { fromMessage, requestBody } from "../../shared/wire/v10/synapse-body.ts";
import { signV10 } from "../../shared/wire/v10/v10.ts";
import { V10Dendrite } from "../../validator/v10-dendrite.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import { CLIENT_COLDKEY, type InteropChain } from "./interop-chain.ts";
import { expect } from "./outcome.ts";
import type { ClientSteps } from "./steps.ts";
import { CLASSES, clientHotkey, freePort, PLAIN_PATH, startWireMiner } from "./wire-miner.ts";

/** Asks the Python side for one of its steps. */
export type AskPython = <T>(step: string, args: Record<string, unknown>) => Promise<T>;

type WireSteps = Pick<ClientSteps, "theyAsk" | "theyAskBadly" | "weAsk" | "weAskBadly">;

const HOUR_NS = 3_600_000_000_000n;
const TIMEOUT_S = 5;
const UUID = "interop";
/** Of the wallet that `connect` writes: the hotkey that their axon serves with. */
const AXON = "owner";

/** Both sides of the v10 convention against the Axon and Dendrite of SDK 10. */
export function v10Steps(
  ask: AskPython,
  world: InteropChain,
  hotkeyName: string,
  wallets: string,
): WireSteps {
  const caller = clientHotkey(CLIENT_COLDKEY, hotkeyName);
  const keys = { hotkey: hotkeyName, wallets };

  return {
    theyAsk: async () => {
      const miner = await startWireMiner(world, caller.address);
      try {
        const got = await ask("v10_ask", { ...keys, port: miner.port, axon: miner.hotkey });
        same(got, {
          plain: [true, "heard it's é☃😀"],
          hashed: [true, "heard a'b\"c\n"],
          tensors: [true, true, true, true],
          ...{ ping: true, broken: 500, unknown: 404, message: "answering failed" },
        });
        return "plain, hashed, 4 tensors, ping; broken work and unknown synapses told";
      } finally {
        await miner.stop();
      }
    },
    theyAskBadly: async () => {
      const miner = await startWireMiner(world, caller.address);
      try {
        const got = await ask("v10_ask_badly", { ...keys, port: miner.port, axon: miner.hotkey });
        const refused = {
          replayed: 401,
          signature: 401,
          unsigned: 401,
          stale: 401,
          future: 401,
          receiver: 401,
        };
        same(got, { good: 200, body: 400, ...refused });
        return "replayed, changed, forged, unsigned, stale, future, for another axon: refused";
      } finally {
        await miner.stop();
      }
    },
    weAsk: async () => {
      const port = await freePort();
      const hotkey = await ask<string>("v10_serve", { wallets, hotkey: AXON, port });
      const dendrite = new V10Dendrite(caller, { allowPrivate: true });
      const say = async (name: keyof typeof CLASSES, message: Message) => {
        const got = await dendrite.ask(
          { hotkey, ip: "127.0.0.1", port },
          {
            ...{ route: PLAIN_PATH, body: encodeMessage(message), v10: CLASSES[name] },
            ...{ timeoutMs: TIMEOUT_S * 1_000, untilMs: Date.now() + 60_000, maxResponseBytes: 1_000_000 },
          },
        );
        if (!got?.ok) return got?.reason;
        return decodeMessage(got.body, MESSAGE_CONTENT_TYPE, { maxBytes: 2_000_000 });
      };
      try {
        same(await say("plain", { text: "it's é☃😀" }), { answer: "heard it's é☃😀" });
        const odd = { text: "a'b\"c\n", ids: [1, 2 ** 40], scale: 1e-7, meta: { x: 1, y: 1e22 } };
        same(await say("hashed", odd), { answer: "heard a'b\"c\n" });
        for (const x of ARRAYS) same(await say("tensors", { x }), { y: x });
        same(await say("plain", { text: "break" }), "refused");
        const many = await Promise.all(Array.from({ length: 20 }, () => say("plain", { text: "hi" })));
        expect(
          many.every((got) => isDeepStrictEqual(got, { answer: "heard hi" })),
          "20 at once: one was refused",
        );
        return `plain, hashed, ${ARRAYS.length} tensors, 20 at once; broken work told`;
      } finally {
        await dendrite.close();
        await ask("v10_stop", {});
      }
    },
    weAskBadly: async () => {
      const port = await freePort();
      const hotkey = await ask<string>("v10_serve", { wallets, hotkey: AXON, port });
      try {
        const good = signedV10(caller, hotkey, nextNonce());
        const send = (change: Partial<typeof good> & { path?: string } = {}) =>
          post(port, { ...good, ...change });
        const forged = { bt_header_dendrite_signature: `0x${"ab".repeat(64)}` };
        same(
          {
            good: await send(),
            replayed: await send(),
            body: await send({
              ...signedV10(caller, hotkey, nextNonce()),
              body: good.body.replace("hi", "ho"),
            }),
            signature: await send({ headers: { ...good.headers, ...forged } }),
            stale: await send(signedV10(caller, hotkey, nextNonce() - HOUR_NS, "another")),
            receiver: await send(signedV10(caller, caller.address, nextNonce())),
            unknown: await send({ path: "/Nope" }),
          },
          // That a body is not what was signed is an internal error there.
          { good: 200, replayed: 401, body: 500, signature: 401, stale: 401, receiver: 401, unknown: 404 },
        );
        return "replayed, changed, forged, stale, for another axon, unknown: refused";
      } finally {
        await ask("v10_stop", {});
      }
    },
  };
}

/** Both sides of btauth/1 against the helpers of SDK 11. */
export function btauthSteps(
  ask: AskPython,
  world: InteropChain,
  hotkeyName: string,
  wallets: string,
): WireSteps {
  const caller = clientHotkey(CLIENT_COLDKEY, hotkeyName);
  const keys = { hotkey: hotkeyName, wallets };
  const askAll = async () => {
    const miner = await startWireMiner(world, caller.address);
    try {
      const args = { ...keys, port: miner.port, axon: miner.hotkey, path: PLAIN_PATH };
      return await ask<{ good: unknown; refused: unknown }>("btauth_ask", args);
    } finally {
      await miner.stop();
    }
  };
  const self = minerKeys(1).hotkey;
  const body = '{"text": "hi"}';
  const verify = (headers: Record<string, string>, change: Record<string, string> = {}) =>
    ask<string>("btauth_verify", { headers, body, path: PLAIN_PATH, self: self.address, ...change });
  const sign = (nonce = nextNonce()) =>
    signRequest({
      ...{ signer: caller, receiver: self.address, method: "POST", target: PLAIN_PATH, nonce },
      body: Buffer.from(body),
    });

  return {
    theyAsk: async () => {
      same((await askAll()).good, [200, { answer: "heard hi" }]);
      return "signed there, answered here";
    },
    theyAskBadly: async () => {
      same((await askAll()).refused, {
        replayed: [401, "BTAUTH_REPLAYED"],
        body: [401, "BTAUTH_BAD_SIGNATURE"],
        path: [401, "BTAUTH_BAD_SIGNATURE"],
        receiver: [401, "BTAUTH_WRONG_RECEIVER"],
        unbound: [401, "BTAUTH_WRONG_RECEIVER"],
      });
      return "replayed, changed, for another path or receiver, for nobody: refused";
    },
    weAsk: async () => {
      same(await verify(sign()), caller.address);
      return "signed here, verified there";
    },
    weAskBadly: async () => {
      const once = sign();
      same(
        {
          first: await verify(once),
          replayed: await verify(once),
          body: await verify(sign(), { body: '{"text": "ho"}' }),
          path: await verify(sign(), { path: "/other" }),
          receiver: await verify(sign(), { self: caller.address }),
          stale: await verify(sign(nextNonce() - HOUR_NS)),
          unsigned: await verify({}),
        },
        {
          ...{
            first: caller.address,
            replayed: "ReplayedRequest",
            body: "BadSignature",
            path: "BadSignature",
          },
          ...{ receiver: "WrongReceiver", stale: "StaleRequest", unsigned: "MalformedAuth" },
        },
      );
      return "replayed, changed, for another path or receiver, stale, unsigned: refused";
    },
  };
}

const nextNonce = createNonceSource();

const ARRAYS = [
  tensor("float32", [2, 3], Float32Array.of(0, 1, 2, 3, 4, 5)),
  tensor("int64", [3], BigInt64Array.of(1n, -1n, 2n ** 53n + 1n)),
  tensor("bool", [2, 1], Uint8Array.of(1, 0)),
  tensor(
    "float64",
    [200, 200],
    Float64Array.from({ length: 40_000 }, (_, i) => i / 3),
  ),
];

/** A good request of ours to an axon, for the class `Hashed`. */
function signedV10(signer: Keypair, receiver: string, nonce: bigint, uuid = UUID) {
  const synapse = CLASSES.hashed;
  const inputs = fromMessage(synapse, { text: "hi", ids: [1] }, "inputs");
  const hash = bodyHash(synapse, inputs);
  const facts = {
    ...{ timeoutS: TIMEOUT_S, bodyHash: hash, axon: { hotkey: receiver } },
    dendrite: {
      ...{ version: 10_002_000n, nonce, uuid, hotkey: signer.address },
      signature: signV10(signer, { nonce, receiver, uuid, bodyHash: hash }),
    },
  };
  return {
    headers: v10Headers(synapse, inputs, facts),
    body: printPythonJson(requestBody(synapse, inputs, facts)),
  };
}

async function post(
  port: number,
  sent: { headers: Record<string, string>; body: string; path?: string },
): Promise<number> {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}${sent.path ?? "/Hashed"}`, {
    method: "POST",
    headers: { ...sent.headers, "content-type": "application/json" },
    body: sent.body,
  });
  await body.dump();
  return statusCode;
}

/** @throws StepFailure */
function same(got: unknown, expected: unknown): void {
  expect(isDeepStrictEqual(got, expected), `${shown(got)}, not ${shown(expected)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? String(part) : part));
}
