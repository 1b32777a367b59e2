import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { keysReady, verifySr25519 } from "../shared/keys/keypair.ts";
import { packageRoot } from "../shared/process-entry.ts";
import { btauth } from "../shared/wire/btauth.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { admitHeaders, admitVerified } from "./admission.ts";
import { DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import { refusalReply } from "./refusal-reply.ts";
import { toWireHeaders } from "./wire-headers.ts";

const vectors = join(packageRoot(), "../shared/vectors/btauth");
const absent = existsSync(vectors) ? "" : " (skipped: the vectors are not part of a public clone)";
const read = (name: string) => JSON.parse(readFileSync(join(vectors, name), "utf8"));

type Vector = {
  label: string;
  request: {
    method: string;
    target: string;
    headers: [string, string][];
    body_text?: string;
    body_hex?: string;
  };
  options: Record<"now_ns" | "self_hotkey" | "max_age_ns" | "skew_ns", string> & {
    require_receiver: boolean;
    trusted_scheme?: "sr25519" | "ed25519";
  };
  expected: { accepted: boolean; sender?: string; code?: string };
};

beforeAll(keysReady);

describe.skipIf(absent)(`the admission against the vectors of btauth/1${absent}`, () => {
  test.each(["positive.json", "negative.json"])("every request of %s gets its verdict", async (name) => {
    const cases: Vector[] = read(name).cases;
    expect(cases.length).toBeGreaterThan(30);
    for (const vector of cases) {
      const { accepted, code } = vector.expected;
      expect(await admit(vector), vector.label).toBe(accepted ? undefined : code);
    }
  });

  test("T13: every refusal of the specification is its status and one constant body of at most 128 bytes", () => {
    for (const { code, http_status } of read("refusals.json").rows) {
      const reply = refusalReply(code);
      expect([reply.status, JSON.parse(Buffer.from(reply.body).toString()).code]).toEqual([
        http_status,
        code,
      ]);
      expect(reply.body.length).toBeLessThanOrEqual(128);
      expect(refusalReply(code)).toBe(reply);
    }
  });
});

/** What the axon does with a request, on an allow list that has whatever name the request gives. */
async function admit({ request, options }: Vector): Promise<string | undefined> {
  const { method, target } = request;
  const body = Buffer.concat([
    Buffer.from(request.body_text ?? ""),
    Buffer.from(request.body_hex ?? "", "hex"),
  ]);
  const nowNs = BigInt(options.now_ns);
  const [nowMs, self] = [Number(nowNs / 1_000_000n), options.self_hotkey];
  const window = { maxAgeNs: BigInt(options.max_age_ns), skewNs: BigInt(options.skew_ns) };
  const headers = toWireHeaders([...request.headers.flat(), "Content-Length", String(body.length)]);
  const view = { seenAtMs: nowMs, hotkeys: new Map() };
  const policy = { ...DEFAULT_CALLER_POLICY, allow: new Set([headers["x-bittensor-hotkey"] ?? []].flat()) };
  const rules = {
    ...{ self, window, requireReceiver: options.require_receiver },
    trustedScheme: options.trusted_scheme,
  };
  const admission = admitHeaders({
    ...{
      method,
      target,
      headers,
      policy,
      view,
      rules,
      nowMs,
      nowNs,
      state: "serving",
      maxBodyBytes: 2 ** 20,
    },
    ...{ protocols: new Map([[btauth.id, btauth]]), accepts: ["btauth/1"] },
    ...{ freeAnswers: 1, freeSignatures: 1, addressMayFail: true, hasRoomForBody: () => true },
  });
  if (!admission.ok) return admission.code;
  const { protocol, claimed } = admission;
  const verified = protocol.verify(claimed, { method, target, body }, self, verifySr25519);
  if (!verified.ok) return verified.code;
  const store = new ReplayStore({ windows: { "btauth/1": window }, claimDelayNs: 0n, startedNs: 0n });
  return admitVerified({
    ...{ verified, policy, view, nowMs, renewedView: async () => view },
    claimNonce: (proof) => store.claim(protocol.replayKey(proof, self), proof.nonce, proof.protocol),
    ...{ spend: () => true, enter: () => undefined },
  });
}
