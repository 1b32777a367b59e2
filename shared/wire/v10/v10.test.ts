import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fromAddress, Keypair, keysReady, toAddress, verifyWith } from "../../keys/keypair.ts";
import type { V10Field, V10Synapse } from "../../v10-synapse.ts";
import { DEFAULT_WINDOW, type VerifyRules, type WireHeaders } from "../btauth.ts";
import { readWireVectors, wireVectorsAbsent } from "../vectors.test-kit.ts";
import { bodyHash } from "./body-hash.ts";
import { emptyField } from "./fields.ts";
import { v10Headers } from "./headers.ts";
import { parsePythonJson, printPythonJson } from "./python-json.ts";
import type { PythonDict } from "./python-value.ts";
import { fromMessage, readBody, requestBody } from "./synapse-body.ts";
import { signV10, v10, v10SignedBytes } from "./v10.ts";
import { versionInt } from "./version-int.ts";

const NOW_NS = 1_700_000_000_000_000_000n;
const UUID = "5ecbd69c-1cec-11ee-b0dc-e29ce36fec1a";
const SECOND_NS = 1_000_000_000n;

const str: V10Field = { type: "str" };
const optional = { type: "str", default: null } as const;
const numbers: Record<string, V10Field> = {
  ...{ i: { type: "int" }, f: { type: "float" }, b: { type: "bool" }, o: optional },
};

/** The fields of the classes behind the vectors. */
const CLASSES: Record<string, Record<string, V10Field>> = {
  NoHash: { query: str },
  OneStr: { query: str },
  Two: { query: str, ids: { type: { list: "int" } } },
  TwoRev: { query: str, ids: { type: { list: "int" } } },
  Num: numbers,
  Nested: { messages: { type: { list: { dict: "str" } } }, meta: { type: { dict: "float" } } },
  T: { t: { type: "tensor" } },
  WithName: { q: str },
  Echo: {
    ...{ query: str, ids: { type: { list: "int" } }, scale: { type: "float", default: 1.5 } },
    answer: { ...optional, output: true },
  },
  Black: { x: { type: "int", default: 0 } },
  Prio: { x: { type: "int", default: 0 } },
  Boom: { x: { type: "int", default: 0 } },
  Nope: { x: { type: "int", default: 0 } },
  Tok: { prompt: str, completion: { type: "str", default: "", output: true } },
};
const HASHED: Record<string, string[]> = { Echo: ["query", "ids"], Tok: ["prompt"] };
const classOf = (name: string, requiredHashFields = HASHED[name] ?? []): V10Synapse => ({
  ...{ name, fields: CLASSES[name]!, requiredHashFields },
});
const bodyOf = (text: string) => parsePythonJson(Buffer.from(text));

let alice: Keypair;
let bob: Keypair;
let rules: VerifyRules;
beforeAll(async () => {
  await keysReady();
  [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
  rules = { self: alice.address, window: DEFAULT_WINDOW, requireReceiver: true, trustedScheme: "sr25519" };
});

const verifySr25519 = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) =>
  verifyWith("sr25519", message, signature, publicKey);

/** @returns "ok", or the code of the refusal. */
function verdict(headers: WireHeaders, nowNs = NOW_NS): string {
  const claimed = v10.parseHeaders(headers, rules);
  const fresh = claimed.ok ? v10.checkClaim(claimed, rules, nowNs) : claimed;
  const request = { method: "POST", target: "/Any", body: new Uint8Array() };
  const verified = fresh.ok ? v10.verify(fresh, request, rules.self, verifySr25519) : fresh;
  return verified.ok ? "ok" : verified.code;
}

/** Headers of a request that is good at `NOW_NS`. */
function signed(change: { nonce?: bigint; uuid?: string; receiver?: string; timeout?: string } = {}) {
  const { nonce = NOW_NS, uuid = UUID, receiver = alice.address, timeout = "12.0" } = change;
  const hash = "a".repeat(64);
  return {
    ...{ name: "Echo", timeout, computed_body_hash: hash, header_size: "464", total_size: "3570" },
    ...{ bt_header_axon_ip: "127.0.0.1", bt_header_axon_port: "8091" },
    bt_header_axon_hotkey: receiver,
    bt_header_dendrite_ip: "203.0.113.7",
    bt_header_dendrite_version: "10002000",
    bt_header_dendrite_nonce: String(nonce),
    bt_header_dendrite_uuid: uuid,
    bt_header_dendrite_hotkey: bob.address,
    bt_header_dendrite_signature: signV10(bob, { nonce, uuid, receiver, bodyHash: hash }),
    bt_header_input_obj_query: "IiI=",
  };
}

const SIGNED = [
  ...["bt_header_dendrite_nonce", "bt_header_dendrite_uuid", "bt_header_dendrite_hotkey"],
  ...["bt_header_dendrite_signature", "computed_body_hash"],
];

describe.skipIf(wireVectorsAbsent)(`v10 against its vectors${wireVectorsAbsent}`, () => {
  test("the body hash is that of the Python classes", () => {
    const { cases, empty_hash } = readWireVectors("body_hash.json");
    expect(bodyHash({ requiredHashFields: [] }, new Map())).toBe(empty_hash);
    for (const { label, class_name, required_hash_fields, body_json, body_hash } of cases) {
      const synapse = classOf(class_name, required_hash_fields);
      expect(bodyHash(synapse, readBody(synapse, bodyOf(body_json))), label).toBe(body_hash);
    }
  });

  test("the signed line is the published one, and its signature holds or not as stated", () => {
    for (const row of readWireVectors("signed_messages.json").cases) {
      const { label, message, direction, nonce, dendrite_hotkey, axon_hotkey, uuid } = row;
      const key = fromAddress(row.signer)!;
      const signature = Uint8Array.from(Buffer.from(row.signature.slice(2), "hex"));
      const isValid = verifyWith("sr25519", Buffer.from(message), signature, key);
      expect(isValid, label).toBe(row.expect_valid);
      if (direction !== "dendrite->axon" || !row.expect_valid) continue;
      const bodyHash = row.computed_body_hash === "None" ? undefined : row.computed_body_hash;
      const ends = { sender: dendrite_hotkey, receiver: axon_hotkey };
      const line = v10SignedBytes({ nonce: BigInt(nonce), ...ends, uuid, bodyHash });
      expect(Buffer.from(line).toString(), label).toBe(message);
    }
  });

  test("the headers of a request are Python's, in Python's order, with empty values of the right types", () => {
    const vector = readWireVectors("headers.json");
    const types = {
      text: "str",
      ids: { list: "int" },
      opts: { dict: "json" },
      n: "int",
      x: "float",
      flag: "bool",
    };
    const required = Object.entries(types).map(([name, type]) => [name, { type }] as const);
    const synapse: V10Synapse = {
      name: vector.class.name,
      fields: {
        ...(Object.fromEntries(required) as V10Synapse["fields"]),
        top_k: { type: "int", default: 5 },
        answer: { ...optional, output: true },
      },
      requiredHashFields: vector.class.required_hash_fields,
    };
    const { timeout, axon, dendrite, ...own } = vector.body;
    const values = readBody(synapse, bodyOf(JSON.stringify(own)));
    const terminal = (info: object) => bodyOf(JSON.stringify(info)) as PythonDict;
    const facts = {
      axon: Object.fromEntries(terminal(axon)),
      dendrite: { ...Object.fromEntries(terminal(dendrite)), nonce: 1_700_000_000_123_456_789n },
    };
    const headers = v10Headers(synapse, values, {
      ...{ timeoutS: timeout, ...facts },
      bodyHash: bodyHash(synapse, values),
    });
    const steady = ({ header_size: _header, total_size: _total, ...rest }: Record<string, string>) => rest;
    expect(Object.keys(headers)).toEqual(Object.keys(vector.headers));
    expect(steady(headers)).toEqual(steady(vector.headers));
    for (const { field, decoded_json_text } of vector.input_objects) {
      expect(printPythonJson(emptyField(synapse.fields[field]!.type)), field).toBe(decoded_json_text);
    }
    const bare = v10Headers({ ...synapse, fields: {} }, new Map(), {
      ...{ timeoutS: 12, axon: {}, dendrite: {}, bodyHash: "" },
    });
    expect(Object.keys(bare).sort()).toEqual(vector.class_without_required_fields_headers);
  });

  test("every request that Python sent is verified, and its body is the one that was signed", () => {
    for (const row of readWireVectors("exchanges.json").exchanges) {
      const headers = Object.fromEntries(
        row.request_headers.map(([name, value]: [string, string]) => [name.toLowerCase(), value]),
      );
      expect(verdict(headers, BigInt(headers.bt_header_dendrite_nonce)), row.label).toBe("ok");
      const synapse = classOf(headers.name);
      const body = bodyOf(row.request_body_text);
      expect(printPythonJson(body), row.label).toBe(row.request_body_text);
      expect(bodyHash(synapse, readBody(synapse, body)), row.label).toBe(headers.computed_body_hash);
    }
  });

  test("a body of ours has the members of a Python body, in its order", () => {
    const { request_body_text } = readWireVectors("exchanges.json").exchanges[0];
    const theirs = bodyOf(request_body_text) as PythonDict;
    const inputs = fromMessage(classOf("Echo"), { query: "héllo world", ids: [1, 2, 3] }, "inputs");
    const terminal = (name: string) => Object.fromEntries(theirs.get(name) as PythonDict);
    const ours = requestBody(classOf("Echo"), inputs, {
      ...{ timeoutS: 12, dendrite: terminal("dendrite"), axon: terminal("axon") },
    });
    const text = printPythonJson(new Map(ours).set("total_size", theirs.get("total_size")!));
    expect(text).toBe(request_body_text);
  });

  /*
   * Where upstream accepts and we refuse, on purpose: requests without a signature, nonces beyond 4 s ahead, a window of
   * an hour by the caller's own timeout, no window at all for old versions and for keys that were seen before.
   * Where upstream refuses and this verifier accepts: a nonce that does not rise. It is the replay store that
   * takes each nonce once, in any order, so "stored equal" is refused there and "stored larger" passes once.
   */
  const STRICTER: Record<string, string> = {
    "a large client-chosen timeout widens the window": "BTAUTH_STALE",
    "future nonce accepted (no upper bound)": "BTAUTH_STALE",
    "stored smaller: ok, window not checked again": "BTAUTH_STALE",
    "version below 7.2.0: no window at all": "BTAUTH_STALE",
    "version missing: old rule": "BTAUTH_STALE",
    "signature header absent is ACCEPTED upstream": "BTAUTH_MALFORMED",
  };
  const BY_THE_STORE = ["stored equal", "stored larger", "old rule still monotonic"];

  test("the nonce rules are Python's, and stricter only where it is said", () => {
    for (const row of readWireVectors("nonce_rules.json").cases) {
      const { label, now_ns, nonce, timeout, version, signature, accepted } = row;
      const headers: Record<string, string | undefined> = signed({ nonce: BigInt(nonce) });
      headers.timeout = timeout === null ? undefined : timeout.toFixed(1);
      headers.bt_header_dendrite_version = version === null ? undefined : String(version);
      if (signature === "none") headers.bt_header_dendrite_signature = undefined;
      if (signature === "wrong") headers.bt_header_dendrite_signature = `0x${"ab".repeat(64)}`;
      const refusal = signature === "wrong" ? "BTAUTH_BAD_SIGNATURE" : "BTAUTH_STALE";
      const expected = accepted || BY_THE_STORE.includes(label) ? "ok" : refusal;
      expect(verdict(headers, BigInt(now_ns)), label).toBe(STRICTER[label] ?? expected);
    }
  });

  test("the key of the replay store has the nonce, so the same is taken once and a lower one too", () => {
    const keyOf = (headers: WireHeaders) => {
      const claimed = v10.parseHeaders(headers, rules);
      const request = { method: "POST", target: "/", body: new Uint8Array() };
      const verified = claimed.ok ? v10.verify(claimed, request, rules.self, verifySr25519) : claimed;
      return verified.ok ? v10.replayKey(verified, rules.self) : verified.code;
    };
    expect(keyOf(signed())).toBe(`v10:${alice.address}:${bob.address}:${UUID}:${NOW_NS}`);
    expect(keyOf(signed())).toBe(keyOf(signed()));
    expect(keyOf(signed({ nonce: NOW_NS - 1n }))).not.toBe(keyOf(signed()));
    expect(keyOf(signed({ uuid: "another" }))).not.toBe(keyOf(signed()));
  });

  test("versions are numbers as Python writes them", () => {
    for (const { version, int } of readWireVectors("version_int.json").cases)
      expect(versionInt(version), version).toBe(int);
  });
});

describe("a v10 request", () => {
  test.each(SIGNED)("T1: without its header %s is refused, and so is an empty or repeated one", (name) => {
    expect(verdict(signed())).toBe("ok");
    const headers = signed() as Record<string, string>;
    expect(verdict({ ...headers, [name]: undefined })).toBe("BTAUTH_MALFORMED");
    expect(verdict({ ...headers, [name]: "" })).toBe("BTAUTH_MALFORMED");
    expect(verdict({ ...headers, [name]: [headers[name]!, headers[name]!] })).toBe("BTAUTH_MALFORMED");
  });

  test("T1: with any character of a signed header changed is refused", () => {
    const headers = signed() as Record<string, string>;
    fc.assert(
      fc.property(
        fc.constantFrom(...SIGNED),
        fc.nat(),
        fc.integer({ min: 1, max: 127 }),
        (name, at, change) => {
          const text = headers[name]!;
          const i = at % text.length;
          const changed =
            text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ change) + text.slice(i + 1);
          const isSameSignature =
            name === "bt_header_dendrite_signature" && changed.toLowerCase() === text.toLowerCase();
          expect(verdict({ ...headers, [name]: changed }) === "ok").toBe(isSameSignature);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("T2: keeps its verdict whatever its unsigned headers say, while it is as young as any may be", () => {
    const unsigned = Object.keys(signed()).filter((name) => !SIGNED.includes(name));
    const value = fc.option(fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 })), {
      nil: undefined,
    });
    const odd = fc.constantFrom("0", "60.0", "-1", "nan", "inf", "1e9", "None", "7001999");
    const change = fc.dictionary(fc.constantFrom(...unsigned, "x-other"), fc.oneof(value, odd));
    const ages = [0n, SECOND_NS, 4n * SECOND_NS - 1n, -4n * SECOND_NS];
    fc.assert(
      fc.property(change, fc.constantFrom(...ages), (changes, age) => {
        expect(verdict({ ...signed({ nonce: NOW_NS - age }), ...changes })).toBe("ok");
      }),
      { numRuns: 100 },
    );
  });

  test("T2: is never taken when it is older than 64 s or more than 4 s ahead, whatever its timeout says", () => {
    for (const timeout of ["3600", "999999999", "1e9", "inf", "60.0000001"]) {
      const old = signed({ nonce: NOW_NS - 64n * SECOND_NS, timeout });
      const ahead = signed({ nonce: NOW_NS + 4n * SECOND_NS + 1n, timeout });
      expect([verdict(old), verdict(ahead)]).toEqual(["BTAUTH_STALE", "BTAUTH_STALE"]);
    }
    expect(verdict(signed({ nonce: NOW_NS - 64n * SECOND_NS + 1n, timeout: "3600" }))).toBe("ok");
  });

  test("T8: with a signature that everybody can make for the empty key is refused", () => {
    const headers = {
      ...signed(),
      bt_header_dendrite_hotkey: toAddress(new Uint8Array(32)),
      bt_header_dendrite_signature: `0x${"00".repeat(63)}80`, // s = 0, R = 0
    };
    expect(verdict(headers)).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("that was signed for another axon is refused, whatever its headers name", () => {
    const headers = signed({ receiver: Keypair.fromUri("//Charlie").address });
    expect(verdict({ ...headers, bt_header_axon_hotkey: alice.address })).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("signed as a browser extension wraps texts is refused: no dendrite does that", () => {
    const line = v10SignedBytes({
      ...{ nonce: NOW_NS, sender: bob.address, receiver: alice.address, uuid: UUID },
      bodyHash: "a".repeat(64),
    });
    const wrapped = bob.sign(Buffer.concat([Buffer.from("<Bytes>"), line, Buffer.from("</Bytes>")]));
    const signature = `0x${Buffer.from(wrapped).toString("hex")}`;
    expect(verdict({ ...signed(), bt_header_dendrite_signature: signature })).toBe("BTAUTH_BAD_SIGNATURE");
  });

  test("is not taken where only ed25519 is trusted", () => {
    const claimed = v10.parseHeaders(signed(), { ...rules, trustedScheme: "ed25519" });
    expect(claimed).toMatchObject({ ok: false, code: "BTAUTH_BAD_SIGNATURE" });
  });
});
