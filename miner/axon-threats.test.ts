import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Keypair, keysReady, toAddress } from "../shared/keys/keypair.ts";
import { createLogger } from "../shared/logger.ts";
import { packageRoot } from "../shared/process-entry.ts";
import { tensor } from "../shared/tensor.ts";
import { sha256Hex, signLines, signRequest } from "../shared/wire/btauth.ts";
import { encodeJsonMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { REFUSALS, type RefusalCode } from "../shared/wire/refusals.ts";
import { verifyReply } from "../shared/wire/reply.ts";
import { exchange, openStore, startTestAxon } from "./axon.test-kit.ts";
import { alice, ask, bob, charlie, dave } from "./miner.test-kit.ts";
import { refusalReply } from "./refusal-reply.ts";

const NOBODY = toAddress(new Uint8Array(32));
const TARGET = "/double/ask";
const x = tensor("float32", [1, 2], Float32Array.of(1, 2));
const frame = encodeMessage({ x });
const nextNonce = createNonceSource();
/** A group that repeats, begins with a class of characters and holds a repetition: time grows faster than the text. */
const REPEATED_REPETITION = /\((?:\?:)?(?:[[.(]|\\[dwspDWSP])[^()]*[*+}]\??\)[*+{]/;

let axon: Awaited<ReturnType<typeof startTestAxon>>;
beforeAll(async () => {
  await keysReady();
  axon = await startTestAxon({
    limits: { failureBurst: 10_000, callerBurst: 10_000, bodyTimeoutMs: 1_000 },
    policy: { allow: new Set([NOBODY]) },
  });
});
afterAll(() => axon.stop());

const json = (text: string) => ask(axon.url, { body: Buffer.from(text), contentType: "application/json" });

function signed(target = TARGET, body: Uint8Array = frame): Record<string, string> {
  const [signer, receiver] = [alice(), bob().address];
  return signRequest({ signer, receiver, method: "POST", target, body, nonce: nextNonce() });
}

/** Head of a raw request with a signature over `target` and the frame. */
function head(line: string, target = TARGET, more: string[] = []): string {
  const headers = Object.entries(signed(target)).map(([name, value]) => `${name}: ${value}`);
  const type = `content-type: ${MESSAGE_CONTENT_TYPE}`;
  return `${[line, "host: x", type, "connection: close", ...headers, ...more].join("\r\n")}\r\n\r\n`;
}

describe("what is signed is what is served", () => {
  test("T3: any changed bit of the body is refused", async () => {
    for (let bit = 0; bit < frame.length * 8; bit += 37) {
      const sentBody = frame.slice();
      sentBody[bit >> 3]! ^= 1 << (bit & 7);
      expect((await ask(axon.url, { sentBody })).code, `bit ${bit}`).toBe("BTAUTH_BAD_SIGNATURE");
    }
  });

  test("T3: the bytes are hashed before anything reads them: twice the same key is another body than once", async () => {
    const once = encodeJsonMessage({ x, mode: "" });
    const twice = Buffer.from(`{"mode":"hold",${Buffer.from(once).toString().slice(1)}`);
    const refused = await ask(axon.url, { body: once, sentBody: twice, contentType: "application/json" });
    expect(refused.code).toBe("BTAUTH_BAD_SIGNATURE");
    expect((await ask(axon.url, { body: twice, contentType: "application/json" })).code).toBeUndefined();
  });

  test("T4: what one process took is refused by its sibling, and by itself after a restart", async () => {
    const store = openStore(Date.now());
    const [first, sibling] = [await startTestAxon({ store }), await startTestAxon({ store })];
    const nonce = nextNonce();
    expect((await ask(first.url, { nonce })).code).toBeUndefined();
    expect((await ask(sibling.url, { nonce })).code).toBe("BTAUTH_REPLAYED");
    await Promise.all([first.stop(), sibling.stop()]);
    const restarted = await startTestAxon({ store: openStore(Date.now() + 60_000) }); // its own memory: empty
    expect((await ask(restarted.url, { nonce })).code).toBe("BTAUTH_WARMING_UP");
    await restarted.stop();
  });

  test("T7: a question to one miner is of no use with another", async () => {
    expect((await ask(axon.url, { receiver: charlie().address })).code).toBe("BTAUTH_WRONG_RECEIVER");
    const headers = { "x-bittensor-receiver": bob().address };
    const relabelled = await ask(axon.url, { receiver: charlie().address, headers });
    expect(relabelled.code).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("T8: a signature that everybody can make for the empty key is refused, even where that key is welcome", async () => {
    const signature = new Uint8Array(64);
    signature[63] = 0x80; // schnorrkel's marker: s = 0, R = 0
    const headers = {
      "x-bittensor-hotkey": NOBODY,
      "x-bittensor-signature": `0x${Buffer.from(signature).toString("hex")}`,
    };
    expect((await ask(axon.url, { headers })).code).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test.each([
    ["without its marker bit", (bytes: Uint8Array) => void bytes.fill(bytes[63]! & 0x7f, 63)],
    ["with s at or over the group order", (bytes: Uint8Array) => void bytes.fill(0xff, 32)],
    ["with a point that is none", (bytes: Uint8Array) => void bytes.fill(0xff, 0, 32)],
    ["of zeros", (bytes: Uint8Array) => void bytes.fill(0)],
  ])("T8: a signature %s is refused", async (_what, spoil) => {
    const { "x-bittensor-signature": hex, ...rest } = signed();
    const bytes = Uint8Array.from(Buffer.from(hex!.slice(2), "hex"));
    spoil(bytes);
    const headers = { ...rest, "x-bittensor-signature": `0x${Buffer.from(bytes).toString("hex")}` };
    expect((await ask(axon.url, { headers })).code).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("T8: an ed25519 signature by the same 32 bytes does not pass for the hotkey", async () => {
    const signer = Keypair.fromEd25519Seed(new Uint8Array(32).fill(7));
    const own = await startTestAxon({ policy: { allow: new Set([signer.address]) } });
    const lines = { method: "POST", target: TARGET, bodyHash: sha256Hex(frame), receiver: bob().address };
    for (const crypto of ["ed25519", "0", "sr25519"]) {
      const scheme = crypto === "sr25519" ? crypto : "ed25519";
      const headers = signLines(signer, { ...lines, scheme, nonce: nextNonce(), sender: signer.address });
      const { code } = await ask(own.url, { headers: { ...headers, "x-bittensor-crypto": crypto } });
      expect(code, crypto).toBe("BTAUTH_BAD_SIGNATURE");
    }
    await own.stop();
  });
});

describe("T9: one reading of a request", () => {
  const length = `content-length: ${frame.length}`;
  const body = Buffer.from(frame).toString("latin1");
  const send = (text: string) => exchange(axon.port, Buffer.from(text + body, "latin1"));

  test("T9: the plain form is answered", async () => {
    expect(await send(head(`POST ${TARGET} HTTP/1.1`, TARGET, [length]))).toMatch(/^HTTP\/1.1 200/);
    expect(await send(head(`POST ${TARGET}?a=1&a=2 HTTP/1.1`, `${TARGET}?a=1&a=2`, [length]))).toMatch(
      / 200/,
    );
  });

  test.each([
    "/double//ask",
    "/double/./ask",
    "/x/../double/ask",
    "/double/ask/",
    "/double/%61sk",
    "/DOUBLE/ask",
    "//double/ask",
    "/double/ask#f",
    "/double/ask;v=1",
    "/double\\ask",
  ])("T9: %s is not the route, and is not made to be", async (target) => {
    for (const signedTarget of [TARGET, target]) {
      expect(await send(head(`POST ${target} HTTP/1.1`, signedTarget, [length]))).toMatch(
        /^HTTP\/1.1 40[04]/,
      );
    }
  });

  test.each([
    ["/double/ask?a=1", "/double/ask"],
    ["/double/ask?a=1&a=2", "/double/ask?a=2&a=1"],
    ["/double/ask?a=%20", "/double/ask?a=+"],
    ["/double/ask?", "/double/ask"],
  ])("T9: %s is not what was signed as %s", async (target, signedTarget) => {
    expect(await send(head(`POST ${target} HTTP/1.1`, signedTarget, [length]))).toMatch(/^HTTP\/1.1 401/);
  });

  test.each([
    ["a length and chunks", [length, "transfer-encoding: chunked"]],
    ["chunks under another spelling", [length, "transfer-encoding : chunked"]],
    ["two equal lengths", [length, length]],
    ["a list of lengths", [`content-length: ${frame.length}, ${frame.length}`]],
    ["a length with a sign", [`content-length: +${frame.length}`]],
    ["a length in hexadecimal", [`content-length: 0x${frame.length.toString(16)}`]],
    ["a folded header", [length, "x-a: 1\r\n 2"]],
    ["a line without a colon", [length, "nonsense"]],
    ["a NUL", [length, "x-a: \0"]],
    ["a bare line feed", [`${length}\nx-a: 1\r`]],
    ["two hosts", [length, "host: y"]],
    ["two hotkeys", [length, `x-bittensor-hotkey: ${charlie().address}`]],
    ["two nonces", [length, "X-Bittensor-Nonce: 1"]],
    ["headers of two conventions", [length, "epistula-version: 2"]],
  ])("T9: a request with %s is refused and its connection closed", async (_what, more) => {
    expect(await send(head(`POST ${TARGET} HTTP/1.1`, TARGET, more))).toMatch(/^HTTP\/1.1 4\d\d/);
  });

  test.each(["bt_header_dendrite_hotkey: x", "epistula-version: 2"])(
    "T9: %s before the headers of btauth/1 is refused as after them",
    async (header) => {
      const text = head(`POST ${TARGET} HTTP/1.1\r\n${header}`, TARGET, [length]);
      expect(await send(text)).toMatch(/^HTTP\/1.1 401/);
    },
  );

  test("T9: what follows a body is not a second question", async () => {
    const text = await send(`${head(`POST ${TARGET} HTTP/1.1`, TARGET, [length])}`);
    const smuggled = await send(
      `${head(`POST ${TARGET} HTTP/1.1`, TARGET, [length])}${body}POST /double/other HTTP/1.1\r\n\r\n`,
    );
    for (const reply of [text, smuggled]) expect(reply.match(/HTTP\/1.1/g)).toHaveLength(1);
  });
});

describe("T13: refusals tell nothing and cost nothing", () => {
  test("T13: each code is one text of at most 128 bytes, whoever asks what", async () => {
    for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
      expect(refusalReply(code).body.length, code).toBeLessThanOrEqual(128);
    }
    const strangers = await Promise.all([
      ask(axon.url, { signer: dave() }),
      ask(axon.url, { signer: Keypair.random(), headers: { "x-marker": "reflected" } }),
      ask(axon.url, { headers: { "x-bittensor-hotkey": "reflected" } }),
      ask(axon.url, { signer: charlie() }), // verified, and not welcome either
    ]);
    expect(new Set(strangers.map(({ text }) => text))).toEqual(
      new Set([Buffer.from(refusalReply("BTAUTH_NOT_WELCOME").body).toString()]),
    );
    expect(new Set(strangers.map(({ headers }) => Object.keys(headers).sort().join()))).toEqual(
      new Set(["connection,content-length,content-type,date"]),
    );
  });
});

describe("T35: what callers write", () => {
  test("reaches no log as a terminal would obey it, whichever header, target or body it stands in", async () => {
    let log = "";
    const logger = createLogger("miner", "debug", {
      write: (line) => {
        log += line;
      },
    });
    const own = await startTestAxon({ logger });
    const trap = "\u009b2J\u0085";
    for (const name of ["x-bittensor-hotkey", "x-bittensor-nonce", "x-bittensor-signature"]) {
      const { [name]: _one, ...rest } = signed();
      const lines = Object.entries({ ...rest, [name]: trap }).map(([key, value]) => `${key}: ${value}\r\n`);
      const text = `POST ${TARGET} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${frame.length}\r\n`;
      expect(await exchange(own.port, `${text}${lines.join("")}\r\n`)).toMatch(/^HTTP/);
    }
    await ask(own.url, { message: { x, mode: `break \u001b[2J${trap}` } });
    await ask(own.url, { target: "/%1b%5b2J%9b2J" });
    await own.stop();
    expect(log.split("\n").length).toBeGreaterThan(4); // one for each, and nothing behind the last
    expect(log.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});

describe("T14: bodies that are traps", () => {
  const traps: [string, string][] = [
    ["deep objects", `{"x":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}`],
    ["deep lists", `{"x":${"[".repeat(40_000)}${"]".repeat(40_000)}}`],
    ["many keys", `{${Array.from({ length: 5_000 }, (_, i) => `"k${i}":1`).join()}}`],
    ["a long key", `{"${"k".repeat(50_000)}":1}`],
    ["a number over all bounds", '{"x":1e999}'],
    ["half a text", '{"x":"'],
    ["a broken UTF-8 sequence", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString("latin1")],
    ["a shape over all bounds", '{"x":{"dtype":"float32","shape":[1e15,1e15],"data":""}}'],
    ["a negative shape", '{"x":{"dtype":"float32","shape":[-1,2],"data":""}}'],
  ];
  test.each(traps)("T14: no question is made of %s", async (_what, text) => {
    expect((await json(text)).code).toBe("AXON_BAD_REQUEST");
  });

  test("T14: a compressed body is refused unread, however much it would hold", async () => {
    const body = gzipSync(new Uint8Array(50_000_000));
    expect(gunzipSync(body)).toHaveLength(50_000_000);
    for (const encoding of ["gzip", "br", "deflate", "identity", "gzip, gzip"]) {
      const { code } = await ask(axon.url, { body, headers: { "content-encoding": encoding } });
      expect(code, encoding).toBe("BTAUTH_CONTENT_ENCODING");
    }
  });

  test("T14: a length that is only claimed takes no body of that size", async () => {
    const big = `content-length: ${100_001}`;
    expect(await exchange(axon.port, head(`POST ${TARGET} HTTP/1.1`, TARGET, [big]))).toMatch(/ 413/);
  });
});

describe("T15: keys that reach into prototypes", () => {
  test.each([
    '{"__proto__":{"polluted":1},"x":1}',
    '{"x":{"__proto__":{"polluted":1}}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"x":[{"__proto__":null}]}',
    '{"toString":1,"hasOwnProperty":1,"valueOf":{}}',
  ])("T15: %s changes nothing", async (text) => {
    expect((await json(text)).code).toBe("AXON_BAD_REQUEST");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  test("T15: a question that is good but for such a key is refused", async () => {
    const good = Buffer.from(encodeJsonMessage({ x })).toString();
    expect((await json(good)).code).toBeUndefined();
    expect((await json(`{"__proto__":{"mode":"break"},${good.slice(1)}`)).code).toBe("AXON_BAD_REQUEST");
  });

  test("T15: a header may have any name", async () => {
    const more = [`content-length: ${frame.length}`, "__proto__: x", "constructor: y", "tostring: z"];
    const text = head(`POST ${TARGET} HTTP/1.1`, TARGET, more) + Buffer.from(frame).toString("latin1");
    expect(await exchange(axon.port, Buffer.from(text, "latin1"))).toMatch(/^HTTP\/1.1 200/);
    expect((await ask(axon.url)).code).toBeUndefined();
  });
});

describe("T16: patterns", () => {
  test("T16: no pattern that reads what strangers send repeats a repetition that could begin anywhere", () => {
    for (const folder of ["miner", "miner/inference", "miner/oip", "shared/wire", "shared/wire/v10"]) {
      const path = join(packageRoot(), folder);
      for (const file of readdirSync(path)) {
        if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
        for (const [pattern] of readFileSync(join(path, file), "utf8").matchAll(
          /\/(?![*/])(?:\\.|[^\n/\\])+\/[a-z]*(?=[.,;)\s])/g,
        )) {
          expect(pattern, `${folder}/${file}`).not.toMatch(REPEATED_REPETITION);
        }
      }
    }
  });

  test.each(["hotkey", "nonce", "signature", "crypto", "receiver", "version"])(
    "T16: a header %s as long as headers may be is refused like a short one",
    async (name) => {
      for (const text of [
        "0".repeat(7_000),
        "0x".repeat(3_500),
        `${" ".repeat(6_999)}x`,
        "a!".repeat(3_500),
      ]) {
        const { status } = await ask(axon.url, { headers: { [`x-bittensor-${name}`]: text } });
        expect([401, 403]).toContain(status);
      }
    },
  );
});

describe("T17: an answer belongs to its question and its miner", () => {
  test("T17: it is proven by its signature, and by no other question, status, body, type or miner", async () => {
    const asked = async () => {
      const request = { headers: signed(), method: "POST", target: TARGET, body: frame };
      const response = await fetch(axon.url + TARGET, {
        ...{ method: "POST", body: frame },
        headers: { "content-type": MESSAGE_CONTENT_TYPE, ...request.headers },
      });
      const body = new Uint8Array(await response.arrayBuffer());
      const headers = Object.fromEntries(response.headers);
      return { request, reply: { status: 200, contentType: headers["content-type"]!, headers, body } };
    };
    const [mine, other] = [await asked(), await asked()];
    const [miner, { request, reply }] = [bob().address, mine];
    expect(verifyReply(reply, request, miner)).toBe(true);
    expect(verifyReply(other.reply, request, miner)).toBe(false);
    expect(verifyReply(reply, request, charlie().address)).toBe(false);
    expect(verifyReply({ ...reply, status: 201 }, request, miner)).toBe(false);
    expect(verifyReply({ ...reply, contentType: "text/plain" }, request, miner)).toBe(false);
    expect(verifyReply({ ...reply, body: reply.body.slice(1) }, request, miner)).toBe(false);
  });
});
