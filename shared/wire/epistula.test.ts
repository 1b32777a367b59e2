import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Keypair, keysReady, toAddress, verifyWith } from "../keys/keypair.ts";
import { DEFAULT_WINDOW, type VerifyRules, type WireHeaders } from "./btauth.ts";
import { epistula, epistulaSignedBytes, signEpistula } from "./epistula.ts";
import { protocolOf } from "./protocol.ts";
import { readWireVectors, wireVectorsAbsent } from "./vectors.test-kit.ts";

const NOW_MS = 1_700_000_000_123;
const MS_NS = 1_000_000n;
const UUID = "3f2b8c1e-9d5a-4c77-8f10-0a1b2c3d4e5f";
const body = Buffer.from('{"data": "Hello"}');

let alice: Keypair;
let bob: Keypair;
let rules: VerifyRules;
beforeAll(async () => {
  await keysReady();
  [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
  rules = { self: alice.address, window: DEFAULT_WINDOW, requireReceiver: true, trustedScheme: "sr25519" };
});

type At = { nowMs?: number; sent?: Uint8Array; requireReceiver?: boolean };

/** The verified request, or the code of the refusal. */
function verified(headers: WireHeaders, { nowMs = NOW_MS, sent = body as Uint8Array, ...change }: At = {}) {
  const ours = { ...rules, ...change };
  const claimed = epistula.parseHeaders(headers, ours);
  const fresh = claimed.ok ? epistula.checkClaim(claimed, ours, BigInt(nowMs) * MS_NS) : claimed;
  if (!fresh.ok) return fresh;
  const request = { method: "POST", target: "/any", body: sent };
  return epistula.verify(fresh, request, ours.self, (...args) => verifyWith("sr25519", ...args));
}

function verdict(...args: Parameters<typeof verified>): string {
  const result = verified(...args);
  return result.ok ? "ok" : result.code;
}

const signed = (change: { receiver?: string | undefined; nowMs?: number } = {}) =>
  signEpistula({ signer: bob, receiver: alice.address, body, uuid: UUID, nowMs: NOW_MS, ...change });

describe.skipIf(wireVectorsAbsent)(`Epistula against its vectors${wireVectorsAbsent}`, () => {
  test("every request is verified; one for nobody in particular only where the server allows it", () => {
    for (const row of readWireVectors("epistula.json").cases) {
      const headers = Object.fromEntries(
        Object.entries(row.headers).map(([name, value]) => [name.toLowerCase(), value as string]),
      );
      const sent = Buffer.from(row.body_text);
      const receiver = row.signed_for || undefined;
      const line = { body: sent, uuid: row.uuid, timestampMs: BigInt(row.timestamp_ms), receiver };
      expect(Buffer.from(epistulaSignedBytes(line)).toString(), row.label).toBe(row.message);
      expect(protocolOf(Object.keys(row.headers), ["btauth/1", "epistula/2"])).toBe("epistula/2");
      const at = { nowMs: row.timestamp_ms, sent };
      expect(verdict(headers, { ...at, requireReceiver: false }), row.label).toBe("ok");
      expect(verdict(headers, at), row.label).toBe(receiver ? "ok" : "BTAUTH_WRONG_RECEIVER");
      expect(verdict(headers, { ...at, sent: Buffer.from(`${row.body_text} `) }), row.label).toBe(
        receiver ? "BTAUTH_BAD_SIGNATURE" : "BTAUTH_WRONG_RECEIVER",
      );
      const ours = signEpistula({ ...line, signer: bob, nowMs: row.timestamp_ms });
      expect(Object.keys(ours).sort(), row.label).toEqual(Object.keys(headers).sort());
    }
  });

  test("the window is that of the reference behind, and the same ahead", () => {
    const { staleness_ms } = readWireVectors("epistula.json");
    for (const [age, expected] of [
      [staleness_ms, "ok"],
      [staleness_ms + 1, "BTAUTH_STALE"],
      [-staleness_ms, "ok"],
      [-staleness_ms - 1, "BTAUTH_STALE"],
    ]) {
      expect(verdict(signed(), { nowMs: NOW_MS + age }), String(age)).toBe(expected);
    }
  });
});

describe("an Epistula request", () => {
  test.each(["version", "timestamp", "uuid", "signed-by", "signed-for", "request-signature"])(
    "without its %s is refused, and so is an empty or repeated one",
    (name) => {
      const headers = signed();
      const full = `epistula-${name}`;
      const code = name === "signed-for" ? "BTAUTH_WRONG_RECEIVER" : "BTAUTH_MALFORMED";
      expect(verdict({ ...headers, [full]: undefined })).toBe(code);
      expect(verdict({ ...headers, [full]: "" })).toBe(code);
      expect(verdict({ ...headers, [full]: [headers[full]!, headers[full]!] })).toBe("BTAUTH_MALFORMED");
    },
  );

  test("for another receiver is refused, and so is one whose receiver was exchanged", () => {
    const other = Keypair.fromUri("//Charlie").address;
    expect(verdict(signed({ receiver: other }))).toBe("BTAUTH_WRONG_RECEIVER");
    const exchanged = { ...signed({ receiver: other }), "epistula-signed-for": alice.address };
    expect(verdict(exchanged)).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("T8: a signature that everybody can make for the empty key is refused", () => {
    const headers = {
      ...signed(),
      "epistula-signed-by": toAddress(new Uint8Array(32)),
      "epistula-request-signature": `0x${"00".repeat(63)}80`, // s = 0, R = 0
    };
    expect(verdict(headers)).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("keeps its verdict whatever headers are added: secret signatures say nothing", () => {
    const names = fc.constantFrom("epistula-secret-signature-0", "epistula-secret-signature-1", "x-other");
    fc.assert(
      fc.property(fc.dictionary(names, fc.string()), (more) => {
        expect(verdict({ ...signed(), ...more })).toBe("ok");
      }),
      { numRuns: 50 },
    );
  });

  test("is remembered by its uuid, whatever its time", () => {
    const keys = [NOW_MS, NOW_MS + 5].map((nowMs) => {
      const result = verified(signed({ nowMs }));
      return result.ok ? epistula.replayKey(result, rules.self) : result.code;
    });
    expect(new Set(keys)).toEqual(new Set([`epistula2:${alice.address}:${bob.address}:${UUID}`]));
  });
});
