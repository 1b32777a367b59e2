import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../process-entry.ts";
import {
  QUICKNET,
  randomnessOf,
  roundAt,
  roundMessage,
  roundPoint,
  secondsOfRound,
  verifyPulse,
} from "./beacon.ts";
import { parseCiphertext, TIMELOCK_OVERHEAD_BYTES, timelockDecrypt, timelockEncrypt } from "./ciphertext.ts";
import {
  commitmentRound,
  decodeEnvelope,
  decodeText,
  encodeEnvelope,
  encodeText,
  encodeTimelockedField,
  encryptText,
  roundAfterBlocks,
} from "./envelopes.ts";
import { planReveal, revealRound } from "./reveal-round.ts";
import { decodeOlderPayload, decodePayload, encodePayload } from "./weights-payload.ts";

const FOLDER = join(packageRoot(), "..", "shared", "vectors", "timelock");
const haveVectors = existsSync(FOLDER);

describe.skipIf(!haveVectors)(
  "timelock vectors (skipped without the folder of vectors beside the checkout)",
  () => {
    const quicknet = readVectors("quicknet.json");
    const tle = readVectors("tle.json");
    const rounds = readVectors("reveal_round.json");
    const wrappers = readVectors("wrappers.json");

    it("quicknet is the beacon we know", () => {
      expect(hex(QUICKNET.publicKey)).toBe(quicknet.public_key_g2_compressed_hex);
      expect(QUICKNET).toMatchObject({
        genesisSeconds: quicknet.genesis_unix,
        periodSeconds: quicknet.period_seconds,
      });
    });

    it("its pulses verify, and belong to their rounds", () => {
      for (const pulse of quicknet.pulses) {
        const { round } = pulse;
        const signature = bytes(pulse.signature_hex);
        expect(hex(roundMessage(round))).toBe(pulse.message_sha256_hex);
        expect(roundPoint(round).toHex(true)).toBe(pulse.hash_to_g1_compressed_hex);
        expect(verifyPulse(QUICKNET, { round, signature })).toBe(pulse.verifies);
        expect(hex(randomnessOf({ round, signature }))).toBe(pulse.randomness_hex);
        expect(secondsOfRound(QUICKNET, round)).toBe(pulse.unix_time);
        expect(roundAt(QUICKNET, pulse.unix_time)).toBe(round);
        expect(roundAt(QUICKNET, pulse.unix_time - 0.1)).toBe(round - 1);
      }
      const { round, signature_hex, verifies } = quicknet.negative;
      expect(verifyPulse(QUICKNET, { round, signature: bytes(signature_hex) })).toBe(verifies);
    });

    it.each(tle.deterministic as TleCase[])(
      "encrypting $label gives the recorded bytes, and they open again",
      (c) => {
        const randomness = {
          key: bytes(c.esk_hex),
          sigma: bytes(c.sigma_hex),
          nonce: bytes(c.aes_nonce_hex),
        };
        const plaintext = bytes(c.plaintext_hex);
        const made = timelockEncrypt(
          plaintext,
          c.round,
          { publicKey: bytes(tle.public_key_hex) },
          randomness,
        );
        expect(hex(made)).toBe(c.ciphertext_hex);
        expect(made.length).toBe(plaintext.length + TIMELOCK_OVERHEAD_BYTES);
        const parts = parseCiphertext(made)!;
        expect([hex(parts.u.toBytes(true)), hex(parts.v), hex(parts.w)]).toEqual([
          c.u_g2_compressed_hex,
          c.v_hex,
          c.w_hex,
        ]);
        expect(hex(parts.body)).toBe(c.aes_ciphertext_and_tag_hex);
        expect(timelockDecrypt(made, bytes(c.signature_hex))).toEqual({ ok: true, plaintext });
      },
    );

    it.each(tle.upstream_made as TleCase[])("what other software made opens: $label", (c) => {
      const opened = timelockDecrypt(bytes(c.ciphertext_hex), bytes(c.signature_hex));
      expect(opened).toEqual({ ok: true, plaintext: bytes(c.plaintext_hex) });
      expect(bytes(c.ciphertext_hex).length).toBe(c.length);
    });

    it.each(tle.negative as TleCase[])("does not open: $label", (c) => {
      expect(timelockDecrypt(bytes(c.ciphertext_hex), bytes(c.signature_hex)).ok).toBe(false);
    });

    it("a ciphertext of another client has the parts we expect", () => {
      const { ciphertext_hex, parsed, length } = tle.readme_sample;
      const parts = parseCiphertext(bytes(ciphertext_hex))!;
      expect(bytes(ciphertext_hex).length).toBe(length);
      expect({
        u_hex: hex(parts.u.toBytes(true)),
        v_hex: hex(parts.v),
        w_hex: hex(parts.w),
        aes_ciphertext_and_tag_hex: hex(parts.body),
        aes_nonce_hex: hex(parts.nonce),
        cipher_suite: "AES_GCM_",
      }).toEqual(parsed);
    });

    it.each(readVectors("payload_scale.json").cases as PayloadCase[])("payload: $label", (c) => {
      const payload = {
        hotkey: bytes(c.hotkey_hex),
        uids: c.uids,
        values: c.values,
        versionKey: BigInt(c.version_key),
      };
      const encoded = encodePayload(payload);
      expect(hex(encoded)).toBe(c.scale_hex);
      expect(decodePayload(encoded)).toEqual(payload);
      expect(encoded.length + TIMELOCK_OVERHEAD_BYTES).toBe(c.commit_length_bytes);
      const legacy = encodePayload({ ...payload, hotkey: undefined });
      expect(hex(legacy)).toBe(c.legacy_scale_hex);
      expect(decodeOlderPayload(legacy)).toEqual({ ...payload, hotkey: undefined });
    });

    it.each(rounds.legacy as LegacyCase[])("round for block $first_reveal_block, tempo $tempo", (c) => {
      const at = { block: c.current_block, nowSeconds: c.now_unix, blockSeconds: c.block_time };
      expect(revealRound(QUICKNET, c.first_reveal_block, at)).toBe(c.reveal_round);
    });

    it.each(rounds.stateful as StatefulCase[])("reveal block by counters: $label", (c) => {
      const { current_block: block, tempo, last_epoch_block, pending_epoch_at, subnet_epoch_index } = c.state;
      const counters = {
        block,
        tempo,
        lastEpochBlock: last_epoch_block,
        pendingEpochAt: pending_epoch_at,
        epochIndex: subnet_epoch_index,
        blocksSinceLastStep: c.state.blocks_since_last_step,
      };
      const plan = planReveal(counters, c.reveal_period_epochs);
      if ("error" in c.result) return expect(plan).toBeUndefined();
      const {
        commit_epoch: commitEpoch,
        target_epoch: revealEpoch,
        first_reveal_block: firstRevealBlock,
      } = c.result;
      return expect(plan).toEqual({ commitEpoch, revealEpoch, firstRevealBlock });
    });

    it("the rounds of the other formulas are the recorded ones", () => {
      const [data, commitment] = rounds.other_formulas;
      expect(roundAfterBlocks(QUICKNET, data.now, data.n_blocks, data.block_time)).toBe(data.round);
      const { now, blocks, block_time, round } = commitment;
      expect(commitmentRound(QUICKNET, now, blocks, block_time)).toBe(round);
    });

    it("envelopes, fields and texts have the recorded bytes", () => {
      const envelope = { ciphertext: bytes(wrappers.ciphertext_hex), round: wrappers.reveal_round };
      const encoded = encodeEnvelope(envelope);
      expect(hex(encoded)).toBe(wrappers.user_data_hex);
      expect(decodeEnvelope(encoded)).toEqual(envelope);
      expect(Buffer.from(encoded.subarray(-16, -8)).toString()).toBe("AES_GCM_");
      expect(hex(encodeTimelockedField(envelope))).toBe(wrappers.commitment_data_hex);
      const { text, plaintext_hex } = wrappers.string_commitment;
      expect(hex(encodeText(text))).toBe(plaintext_hex);
      expect(decodeText(bytes(plaintext_hex))).toBe(text);
      const { round, signature_hex } = quicknet.pulses[1];
      const { ciphertext } = encryptText(text, round, QUICKNET);
      const opened = timelockDecrypt(ciphertext, bytes(signature_hex));
      expect(opened.ok && decodeText(opened.plaintext)).toBe(text);
    });
  },
);

describe("bytes that somebody else sends", () => {
  it("never throw when they are read as payload, envelope or ciphertext", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (sent) => {
        decodePayload(sent);
        decodeOlderPayload(sent);
        decodeEnvelope(sent);
        expect(parseCiphertext(sent)).toBeUndefined();
        return timelockDecrypt(sent, sent.subarray(0, 48)).ok === false;
      }),
    );
  });

  it("are read back as the payload that was written, whatever it holds", () => {
    const u16 = fc.integer({ min: 0, max: 65_535 });
    const column = fc.array(u16, { maxLength: 100 });
    fc.assert(
      fc.property(column, column, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (uids, values, versionKey) => {
        const payload = { hotkey: new Uint8Array(32).fill(7), uids, values, versionKey };
        expect(decodePayload(encodePayload(payload))).toEqual(payload);
      }),
    );
  });
});

type TleCase = Record<
  | "esk_hex"
  | "sigma_hex"
  | "aes_nonce_hex"
  | "plaintext_hex"
  | "ciphertext_hex"
  | "signature_hex"
  | "u_g2_compressed_hex"
  | "v_hex"
  | "w_hex"
  | "aes_ciphertext_and_tag_hex"
  | "label",
  string
> & { round: number; length: number };

type PayloadCase = Record<
  "label" | "hotkey_hex" | "version_key" | "scale_hex" | "legacy_scale_hex",
  string
> & {
  uids: number[];
  values: number[];
  commit_length_bytes: number;
};

type LegacyCase = Record<
  "now_unix" | "tempo" | "current_block" | "block_time" | "first_reveal_block" | "reveal_round",
  number
>;

type StatefulCase = {
  label: string;
  state: Record<
    | "last_epoch_block"
    | "pending_epoch_at"
    | "subnet_epoch_index"
    | "tempo"
    | "blocks_since_last_step"
    | "current_block",
    number
  >;
  reveal_period_epochs: number;
  result: { error: string } | { commit_epoch: number; target_epoch: number; first_reveal_block: number };
};

/** The shapes are checked by use: a vector that lacks a field fails its test. */
// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many shapes
function readVectors(file: string): any {
  if (haveVectors) return JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
  return { deterministic: [], upstream_made: [], negative: [], cases: [], legacy: [], stateful: [] };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}
