import { once } from "node:events";
import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { keysReady, verifySr25519 } from "../shared/keys/keypair.ts";
import { tensor } from "../shared/tensor.ts";
import { signRequest } from "../shared/wire/btauth.ts";
import { encodeMessage } from "../shared/wire/message.ts";
import { unixNs } from "../shared/wire/nonce.ts";
import { exchange, openStore, startTestAxon } from "./axon.test-kit.ts";
import { alice, ask, bob, charlie, doublingTemplate } from "./miner.test-kit.ts";
import { Room } from "./room.ts";
import { SignatureLine } from "./signature-line.ts";

const x = tensor("float32", [1, 2], Float32Array.of(1, 2));
const forged = { sentBody: encodeMessage({ x: tensor("float32", [1, 2], Float32Array.of(9, 9)) }) };

beforeAll(keysReady);

/** Counts how many signatures are really checked. */
function countingVerifier() {
  const counter = {
    checked: 0,
    verifySr25519: (...args: Parameters<typeof verifySr25519>) => {
      counter.checked += 1;
      return verifySr25519(...args);
    },
  };
  return counter;
}

describe("an axon under pressure", () => {
  test("T10: lets no address try signatures without end, whatever names it gives", async () => {
    const counter = countingVerifier();
    const limits = { failuresPerSecond: 0, failureBurst: 3 };
    const axon = await startTestAxon({ limits, verifySr25519: counter.verifySr25519 });
    const codes = [];
    for (const signer of [alice(), charlie(), alice(), alice(), charlie()]) {
      codes.push((await ask(axon.url, { ...forged, signer })).code);
    }
    expect(codes).toEqual([...Array(3).fill("BTAUTH_BAD_SIGNATURE"), ...Array(2).fill("BTAUTH_BUSY")]);
    expect(counter.checked).toBe(3);
    await axon.stop();
  });

  test("T10: checks so many signatures in a turn and no more, and lets so many wait", async () => {
    const line = new SignatureLine({ perTurn: 2, maxWaiting: 5 });
    const checked: number[] = [];
    const verdicts = Array.from({ length: 8 }, (_, i) => line.take(() => checked.push(i)));
    const seen = [checked.length];
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(checked.length);
    }
    expect(seen).toEqual([2, 4, 6, 7, 7]);
    expect((await Promise.all(verdicts)).slice(5)).toEqual([6, 7, undefined]);
    expect(checked).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(line.free).toBe(5);
    await expect(line.take(() => JSON.parse("{"))).rejects.toThrow();
  });

  test("T11: charges a budget to the caller that proved itself, not to the one that is named", async () => {
    const axon = await startTestAxon({ limits: { callerPerSecond: 0, callerBurst: 2 } });
    for (let i = 0; i < 4; i += 1) {
      expect((await ask(axon.url, forged)).code).toBe("BTAUTH_BAD_SIGNATURE");
    }
    const codes = [];
    for (let i = 0; i < 3; i += 1) codes.push((await ask(axon.url)).code);
    expect(codes).toEqual([undefined, undefined, "BTAUTH_BUSY"]);
    await axon.stop();
  });

  test.each([
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "x-client-ip",
  ])("T12: an address in %s is nobody's", async (header) => {
    const axon = await startTestAxon({ limits: { failuresPerSecond: 0, failureBurst: 2 } });
    const codes = [];
    for (const address of ["203.0.113.1", "203.0.113.2", "for=203.0.113.3"]) {
      codes.push((await ask(axon.url, { ...forged, headers: { [header]: address } })).code);
    }
    expect(codes.at(-1)).toBe("BTAUTH_BUSY");
    await axon.stop();
  });

  test("T6: a flood of forged names leaves the store as it was", async () => {
    const store = openStore(Date.now());
    const axon = await startTestAxon({ store, limits: { failureBurst: 1_000 } });
    for (let i = 0; i < 30; i += 1) await ask(axon.url, forged);
    expect(store.size).toBe(0);
    await ask(axon.url);
    expect(store.size).toBe(1);
    await axon.stop();
  });

  test("M8: a full queue is refused at once, by the same bytes, without any work on signatures", async () => {
    const { template, release, entered } = doublingTemplate();
    const counter = countingVerifier();
    const axon = await startTestAxon({
      ...{ template, verifySr25519: counter.verifySr25519, limits: { maxAnswers: 2 } },
    });
    const held = [0, 1].map(() => ask(axon.url, { message: { x, mode: "wait" } }));
    await expect.poll(() => entered.length).toBe(2);
    const checked = counter.checked;
    const refused = await Promise.all(Array.from({ length: 20 }, () => ask(axon.url)));
    expect(new Set(refused.map(({ status, code, text }) => `${status} ${code} ${text?.length}`)).size).toBe(
      1,
    );
    expect(refused[0]).toMatchObject({ status: 503, code: "AXON_OVERLOADED" });
    expect(refused[0]!.headers["retry-after"]).toBe("2");
    expect(counter.checked).toBe(checked);
    release();
    expect((await Promise.all(held)).map(({ code }) => code)).toEqual([undefined, undefined]);
    expect((await ask(axon.url)).code).toBeUndefined();
    await axon.stop();
  });

  test("M9: takes so many connections of one address and not one more", async () => {
    const axon = await startTestAxon({ limits: { maxConnectionsPerAddress: 3 } });
    const sockets = Array.from({ length: 3 }, () => connect(axon.port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    expect(await exchange(axon.port, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")).toBe("");
    for (const socket of sockets) socket.destroy();
    const code = () =>
      ask(axon.url).then(
        (reply) => reply.code,
        () => "closed",
      );
    await expect.poll(code).toBeUndefined();
    await axon.stop();
  });

  test("M9: takes so many connections of one address in a time and not one more", async () => {
    const axon = await startTestAxon({ limits: { connectionsPerSecond: 0, connectionBurst: 2 } });
    const page = () =>
      exchange(axon.port, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    expect([await page(), await page(), await page()].map((text) => text.slice(0, 12))).toEqual([
      ...["HTTP/1.1 200", "HTTP/1.1 200", ""],
    ]);
    await axon.stop();
  });

  test("M9: bodies of one address that never end leave room for others, and no trace", () => {
    const room = new Room({ total: 5, perKey: 3 });
    expect(["a", "a", "a", "a", "b", "b", "c"].map((key) => room.enter(key))).toEqual([
      ...[true, true, true, false, true, true, false],
    ]);
    for (const key of ["a", "b", "a", "b", "a"]) room.leave(key);
    expect([room.taken, room.keys, room.has("c")]).toEqual([0, 0, true]);
  });

  test("M9, T14: bodies that never end take so many bytes of one address and in all, and leave no trace", async () => {
    const room = new Room({ total: 50, perKey: 30 });
    const sizes = [
      ["a", 20],
      ["a", 11],
      ["a", 10],
      ["a", 0],
      ["b", 21],
      ["b", 20],
      ["c", 1],
    ] as const;
    expect(sizes.map(([key, bytes]) => room.enter(key, bytes))).toEqual([
      ...[true, false, true, true, false, true, false],
    ]);
    for (const [key, bytes] of [
      ["a", 20],
      ["a", 0],
      ["b", 20],
      ["a", 10],
    ] as const)
      room.leave(key, bytes);
    expect([room.taken, room.keys, room.has("c", 30)]).toEqual([0, 0, true]);

    const limits = { maxUnverifiedBytes: 0, maxUnverifiedBytesPerAddress: 0 }; // what is left is the largest body
    const axon = await startTestAxon({ limits });
    const largest = new Uint8Array(100_000);
    const asked = { signer: alice(), receiver: bob().address, method: "POST", target: "/double/ask" };
    const headers = signRequest({ ...asked, body: largest, nonce: unixNs() });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const held = connect(axon.port, "127.0.0.1");
    held.write(`POST /double/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n${lines.join("")}\r\n`);
    const busy = async () => (await ask(axon.url)).code;
    await expect.poll(busy).toBe("BTAUTH_BUSY");
    held.destroy();
    await expect.poll(busy).toBeUndefined();
    await axon.stop();
  });

  test("M10: an old view of the chain is served until it is too old, refused by name, and served again when it is renewed", async () => {
    const axon = await startTestAxon({ policy: { staleAfterMs: 60_000 } });
    const view = axon.view();
    const seen = async (ageMs: number) => {
      axon.see({ ...view, seenAtMs: Date.now() - ageMs });
      const { code, status } = await ask(axon.url);
      return [status, code];
    };
    expect(await seen(30_000)).toEqual([200, undefined]);
    expect(await seen(61_000)).toEqual([503, "AXON_CHAIN_STALE"]);
    expect(await seen(0)).toEqual([200, undefined]);
    await axon.stop();
  });

  test("M16: loses no answer when it is told to stop under load, and refuses what comes after", async () => {
    const { template, release, entered } = doublingTemplate();
    const axon = await startTestAxon({ template, limits: { callerBurst: 1_000 } });
    const codeOf = (mode: string) =>
      ask(axon.url, { message: { x, mode } }).then(
        ({ code }) => code ?? "answered",
        () => "not connected",
      );
    const held = Array.from({ length: 30 }, () => codeOf("wait"));
    await expect.poll(() => entered.length).toBe(30);
    const racing = Array.from({ length: 30 }, () => codeOf("wait"));
    await expect.poll(() => entered.length).toBeGreaterThan(30);
    const stopped = axon.stop();
    const late = await codeOf("wait");
    release();
    await stopped;
    const codes = await Promise.all([...held, ...racing]);
    expect(codes.filter((code) => code === "answered")).toHaveLength(entered.length);
    expect(new Set(codes.slice(0, 30))).toEqual(new Set(["answered"]));
    for (const code of [late, ...codes])
      expect(["answered", "AXON_STOPPING", "not connected"]).toContain(code);
    expect(late).toBe("AXON_STOPPING");
    expect(await codeOf("")).toBe("not connected");
  });
});
