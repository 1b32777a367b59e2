import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fromAddress, Keypair, keysReady } from "../keys/keypair.ts";
import { packageRoot } from "../process-entry.ts";
import {
  checkHeaders,
  DEFAULT_WINDOW,
  isPlainTarget,
  sha256Hex,
  signedBytes,
  signRequest,
  verifyBody,
  verifySignature,
  type WireHeaders,
} from "./btauth.ts";
import { protocolOf } from "./protocol.ts";
import { REFUSALS, type RefusalCode, refusalBody } from "./refusals.ts";

const vectors = join(packageRoot(), "../shared/vectors/btauth");
const absent = existsSync(vectors) ? "" : " (skipped: the vectors are not part of a public clone)";
const read = (name: string) => JSON.parse(readFileSync(join(vectors, name), "utf8"));

beforeAll(keysReady);

describe.skipIf(absent)(`btauth/1 against its vectors${absent}`, () => {
  test("the published signed bytes and signatures come out", () => {
    const golden = read("golden.json");
    const body = Buffer.from(golden.inputs.body_text);
    expect(sha256Hex(new Uint8Array())).toBe(golden.empty_body_sha256);
    for (const scheme of ["sr25519", "ed25519"] as const) {
      const { sender, payload_text, signature_to_verify, signature } = golden[scheme];
      const { method, target, nonce, receiver } = golden.inputs;
      const bytes = signedBytes({
        ...{ scheme, method, target, sender, receiver },
        bodyHash: sha256Hex(body),
        nonce: BigInt(nonce),
      });
      expect(Buffer.from(bytes).toString()).toBe(payload_text);
      const claimed = {
        ...{ ok: true as const, sender, receiver, scheme, nonce: BigInt(nonce), ageNs: 0n },
        signature: Uint8Array.from(Buffer.from((signature ?? signature_to_verify).slice(2), "hex")),
      };
      expect(verifyBody(claimed, { method, target, body })).toMatchObject({ ok: true, sender });
    }
  });

  test("every row of ingredients gives the signed bytes", () => {
    const { rows } = read("canonical.json");
    for (const row of rows) {
      const { count, byte } = row.body_repeat ?? { count: 0, byte: 0 };
      const hex = Buffer.from(row.body_hex ?? "", "hex");
      const body = Buffer.concat([Buffer.from(row.body_text ?? ""), hex, Buffer.alloc(count, byte)]);
      for (const scheme of ["sr25519", "ed25519"] as const) {
        const { sender, payload_text, payload_sha256, signature } = row[scheme];
        const bytes = signedBytes({
          ...{ scheme, sender, method: row.method, target: row.target },
          ...{ bodyHash: sha256Hex(body), nonce: BigInt(row.nonce), receiver: row.receiver ?? undefined },
        });
        expect(Buffer.from(bytes).toString(), row.label).toBe(payload_text);
        expect(sha256Hex(bytes), row.label).toBe(payload_sha256);
        if (signature) {
          const [signed, key] = [
            Uint8Array.from(Buffer.from(signature.slice(2), "hex")),
            fromAddress(sender)!,
          ];
          expect(verifySignature(scheme, bytes, signed, key), row.label).toBe(true);
        }
      }
    }
  });

  test.each(["positive.json", "negative.json"])("every request of %s gets its verdict", (name) => {
    const { cases } = read(name);
    expect(cases.length).toBeGreaterThan(30);
    for (const { label, request, options, expected } of cases) {
      expect(verdict(request, options), label).toEqual(wanted(expected));
    }
  });

  test("the refusal table has the specification's codes, statuses and retry advice", () => {
    for (const { code, http_status, client_may_retry } of read("refusals.json").rows) {
      expect(REFUSALS[code as RefusalCode], code).toMatchObject({
        status: http_status,
        retry: client_may_retry,
      });
    }
  });

  test("header names alone decide which verifier takes a request", () => {
    for (const row of read("dual.json").rows) {
      const names = row.headers.map((header: string) => header.split(":")[0]);
      const found = protocolOf(names, row.route_accepts ?? ["btauth/1", "v10"]);
      const expected = ["btauth/1", "v10"].includes(row.expected) ? row.expected : undefined;
      expect(found, JSON.stringify(row.headers)).toBe(expected);
    }
  });

  test("a target is the path and query that a URL sends, and nothing else is plain", () => {
    const { rows } = read("target.json");
    for (const { given, target } of rows) {
      const url = new URL(given);
      expect(url.pathname + url.search, given).toBe(target);
      expect(isPlainTarget(target)).toBe(true);
    }
    for (const odd of ["http://other.example/abs?x=1", "/a#f", "", "*"])
      expect(isPlainTarget(odd)).toBe(false);
  });
});

describe("a signed request", () => {
  let keys: Keypair[] = []; // made once: stretching a phrase takes a while
  beforeAll(() => {
    keys = ["//Alice", "//Bob"].map((uri) => Keypair.fromUri(uri));
  });
  const alice = () => keys[0]!;
  const bob = () => keys[1]!.address;
  const request = { method: "POST", target: "/hello/guess?x=1", body: Buffer.from("what is 6 x 7?") };
  const rules = () => ({ self: bob(), window: DEFAULT_WINDOW, requireReceiver: true });

  test("is verified by its receiver and names the sender", () => {
    const headers = signRequest({ ...request, signer: alice(), receiver: bob(), nonce: 5n });
    const claimed = checkHeaders(headers, rules(), 6n);
    expect(claimed.ok && verifyBody(claimed, request)).toMatchObject({
      ok: true,
      sender: alice().address,
      nonce: 5n,
    });
  });

  test("with any bit of its body flipped is refused", () => {
    const claimed = checkHeaders(
      signRequest({ ...request, signer: alice(), receiver: bob(), nonce: 5n }),
      rules(),
      6n,
    );
    fc.assert(
      fc.property(fc.nat(request.body.length * 8 - 1), (bit) => {
        const body = Uint8Array.from(request.body);
        body[bit >> 3]! ^= 1 << (bit & 7);
        return claimed.ok && !verifyBody(claimed, { ...request, body }).ok;
      }),
      { numRuns: 60 },
    );
  });

  test("with any single bit flipped, anywhere, is refused", () => {
    const headers = signRequest({ ...request, signer: alice(), receiver: bob(), nonce: 5n });
    const isAccepted = (changed: Record<string, string>, { method, target } = request) => {
      const claimed = checkHeaders(changed, rules(), 6n);
      return claimed.ok && verifyBody(claimed, { ...request, method, target }).ok;
    };
    expect(isAccepted(headers)).toBe(true);
    const accepted: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      for (const flipped of bitFlips(value))
        if (isAccepted({ ...headers, [name]: flipped })) accepted.push(flipped);
    }
    for (const target of bitFlips(request.target))
      if (isAccepted(headers, { ...request, target })) accepted.push(target);
    // Hex digits may be written in either case: that is the same signature.
    expect(accepted.filter((text) => text.toLowerCase() !== headers["x-bittensor-signature"])).toEqual([]);
  });

  test("loses its verdict to no unsigned header", () => {
    const headers = signRequest({ ...request, signer: alice(), receiver: bob(), nonce: 5n });
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), fc.string(), (name, value) => {
        fc.pre(!name.startsWith("x-bittensor-"));
        const claimed = checkHeaders({ ...headers, [name]: value }, rules(), 6n);
        return claimed.ok && claimed.sender === alice().address;
      }),
      { numRuns: 50 },
    );
  });

  test("refuses any headers made of noise without throwing", () => {
    const names = ["version", "hotkey", "receiver", "nonce", "crypto", "signature"].map(
      (n) => `x-bittensor-${n}`,
    );
    const value = fc.option(fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 })), {
      nil: undefined,
    });
    const noise = fc.record(Object.fromEntries(names.map((name) => [name, value])));
    fc.assert(
      fc.property(noise, (headers) => !checkHeaders(headers as WireHeaders, rules(), 6n).ok),
      {
        numRuns: 3_000,
      },
    );
  });
});

test("a refusal is a constant of at most 128 bytes", () => {
  for (const code of Object.keys(REFUSALS) as RefusalCode[]) {
    expect(Buffer.byteLength(refusalBody(code)), code).toBeLessThanOrEqual(128);
  }
});

test("bytes that are no signature or no key verify as false", () => {
  const key = Keypair.fromUri("//Alice").publicKey;
  for (const scheme of ["sr25519", "ed25519"] as const) {
    expect(verifySignature(scheme, new Uint8Array(3), new Uint8Array(64).fill(255), key)).toBe(false);
    expect(verifySignature(scheme, new Uint8Array(3), new Uint8Array(64), new Uint8Array(32).fill(255))).toBe(
      false,
    );
  }
});

function* bitFlips(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1) {
    for (let bit = 0; bit < 7; bit += 1) {
      yield text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1);
    }
  }
}

type VectorRequest = {
  method: string;
  target: string;
  headers: [string, string][];
  body_text?: string;
  body_hex?: string;
};

/** Headers as node:http's `headersDistinct` has them: lower case, one entry per line sent, outer blanks removed. */
function distinct(pairs: [string, string][]): WireHeaders {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    headers[lower] = [...(headers[lower] ?? []), value.trim()];
  }
  return headers;
}

function verdict(request: VectorRequest, options: Record<string, string | boolean>): unknown {
  const body = request.body_hex ? Buffer.from(request.body_hex, "hex") : Buffer.from(request.body_text ?? "");
  const claimed = checkHeaders(
    distinct(request.headers),
    {
      self: String(options.self_hotkey),
      window: { maxAgeNs: BigInt(options.max_age_ns!), skewNs: BigInt(options.skew_ns!) },
      requireReceiver: options.require_receiver === true,
      trustedScheme: options.trusted_scheme as "sr25519" | undefined,
    },
    BigInt(options.now_ns!),
  );
  const result = claimed.ok
    ? verifyBody(claimed, { method: request.method, target: request.target, body })
    : claimed;
  return result.ok
    ? { sender: result.sender, nonce: result.nonce.toString(), scheme: result.scheme }
    : { code: result.code, status: REFUSALS[result.code].status, step: result.step };
}

function wanted(expected: Record<string, unknown>): unknown {
  return expected.accepted
    ? { sender: expected.sender, nonce: expected.nonce, scheme: expected.scheme }
    : { code: expected.code, status: expected.http_status, step: expected.step };
}
