import type { Clock } from "../../shared/clock.ts";
import type { ResultRecords } from "../../shared/journal/result-records.ts";
import { toHex } from "../../shared/keys/key-forms.ts";
import type { Keypair } from "../../shared/keys/keypair.ts";
import { keccak256, type OracleKey } from "../../shared/keys/oracle-key.ts";
import {
  type ResultRecord,
  type ResultSignature,
  resultPreimage,
  resultStatement,
} from "../../shared/rules/result-digest.ts";
import type { Hex, Netuid } from "../../shared/types.ts";
import type { OnEvent } from "../events.ts";
import type { SigningPermit } from "../signing-permit.ts";

export type ResultSignerDeps = {
  results: ResultRecords;
  genesis: Hex;
  /** The hotkey. */
  signer: Keypair;
  /** Signs for contracts besides. */
  oracleKey?: OracleKey | undefined;
  maySign: SigningPermit["maySign"];
  /** Nothing is signed, and so nothing is told to consumers. */
  shadow?: boolean | undefined;
  clock: Clock;
  onEvent: OnEvent;
};

/** Signs what a mechanism's template says to consumers: each result once, after the epoch that made it is in the journal. */
export class ResultSigner {
  readonly #deps: ResultSignerDeps;

  constructor(deps: ResultSignerDeps) {
    this.#deps = deps;
  }

  /** What is not signed yet, also of epochs before a restart. Nothing while this process may not sign. */
  async sign(netuid: Netuid, mechanism: number): Promise<void> {
    const { results, maySign, shadow, clock, onEvent } = this.#deps;
    if (shadow) return;
    for (const stored of results.unsigned(netuid, mechanism)) {
      if (!(await maySign(netuid))) return;
      const { record } = stored;
      const { digest, signatures } = this.#signaturesOf(record);
      results.sign(stored, signatures, clock.nowMs());
      const { epoch, topic, nonce, value } = record;
      onEvent({ event: "result.signed", netuid, mechanism, epoch, topic, nonce, value, digest });
    }
  }

  #signaturesOf(record: ResultRecord): { digest: Hex; signatures: ResultSignature[] } {
    const { genesis, signer, oracleKey } = this.#deps;
    const preimage = resultPreimage(genesis, record);
    const digest = keccak256(preimage);
    const signature = toHex(signer.sign(resultStatement(digest))) as Hex;
    const signatures: ResultSignature[] = [{ scheme: "sr25519", signer: signer.address, signature }];
    if (oracleKey) {
      signatures.push({
        scheme: "secp256k1",
        signer: oracleKey.address,
        signature: oracleKey.sign(preimage),
      });
    }
    return { digest: toHex(digest) as Hex, signatures };
  }
}
