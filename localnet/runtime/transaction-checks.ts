import type { Hex, Rao } from "../../shared/types.ts";
import { birthBlock, lastBlock } from "../types/era.ts";
import { accountOf } from "../types/substrate-types.ts";
import type { CallInfo } from "./dsl/calls.ts";
import type { Account, Context, RuntimeCall } from "./dsl/context.ts";
import { InvalidTransaction } from "./dsl/invalid-transaction.ts";
import type { Pallet } from "./dsl/pallet.ts";
import type { SignedExtra } from "./extensions.ts";
import { type Extrinsic, signedPayload } from "./extrinsic.ts";
import { inclusionFee, totalFee } from "./fees.ts";
import { fitsAlone } from "./limits.ts";
import { reducibleBalance } from "./pallets/accounts.ts";
import { System } from "./pallets/system-storage.ts";
import type { SignatureCheck } from "./signature-check.ts";
import { TRANSACTION_VERSION } from "./version.ts";

const NOBODY: Account = `0x${"00".repeat(32)}`;

/** A transaction that passed its checks, and what they found. */
export type CheckedTransaction = {
  signer: Account;
  call: RuntimeCall;
  info: CallInfo;
  extra: SignedExtra;
  /** What is taken before the call runs, tip included, rao. */
  fee: Rao;
};

/** Highest number of blocks: an immortal transaction stays valid. */
const FOREVER = Number.MAX_SAFE_INTEGER;

/**
 * Everything that decides whether a signed transaction may be in the block `c.block`, in the order of the real
 * chain's extensions. Whether its nonce's turn has come is for the caller.
 *
 * @throws InvalidTransaction
 */
export function checkTransaction(
  c: Context,
  extrinsic: Extrinsic,
  info: CallInfo,
  deps: { pallets: readonly Pallet[]; signatures: SignatureCheck; specVersion: number },
): CheckedTransaction {
  const { call, callBytes, signed, length } = extrinsic;
  if (signed === undefined) throw new InvalidTransaction("Call");
  const { address, signature, extra } = signed;
  const signer = accountOf(address);
  if (signer === undefined || extra.mode.type === "Enabled") throw new InvalidTransaction("CannotLookup");

  const payload = signedPayload(callBytes, extra, {
    specVersion: deps.specVersion,
    transactionVersion: TRANSACTION_VERSION,
    genesisHash: blockHashOf(c, 0),
    birthHash: blockHashOf(c, birthBlock(extra.era, c.block)),
    metadataHash: undefined,
  });
  if (!deps.signatures.verify(payload, signature, signer)) throw new InvalidTransaction("BadProof");
  if (signer === NOBODY) throw new InvalidTransaction("BadSigner");

  const account = System.Account.get(c.store, signer);
  // The chain's own rule: a key without TAO may send what costs nothing.
  const exists = account.providers > 0 || account.sufficients > 0;
  if (!exists && info.pays === "Yes") throw new InvalidTransaction("Payment");
  if (extra.nonce < account.nonce) throw new InvalidTransaction("Stale");
  if (!fitsAlone(info, length)) throw new InvalidTransaction("ExhaustsResources");

  const fee = totalFee(inclusionFee(info, length), extra.tip);
  if (fee > reducibleBalance(c.store, signer, true)) throw new InvalidTransaction("Payment");
  const eraPeriod = extra.era?.period;
  for (const pallet of deps.pallets) pallet.checkTransaction?.(c, { signer, call, eraPeriod });
  return { signer, call, info, extra, fee };
}

/** Blocks for which a transaction stays valid. */
export function longevity({ era }: SignedExtra, block: number): number {
  const last = lastBlock(era, block);
  return last === undefined ? FOREVER : last + 1 - block;
}

function blockHashOf(c: Context, block: number): Hex {
  if (!System.BlockHash.exists(c.store, block)) throw new InvalidTransaction("AncientBirthBlock");
  return System.BlockHash.get(c.store, block);
}
