import type { Logger } from "../../shared/logger.ts";
import {
  type ApplyResult,
  DispatchFailed,
  type Header,
  type HeaderInput,
  type RuntimeEngine,
  UnknownRuntimeApi,
  type Validity,
} from "../engine.ts";
import { blake2b256, storagePrefix } from "../state/hashing.ts";
import type { Store } from "../state/store.ts";
import { record } from "../types/composites.ts";
import { bytesToHex, hexToBytes } from "../types/hex.ts";
import { nonceTag } from "../types/nonce-tag.ts";
import { Bytes } from "../types/primitives.ts";
import { DigestItem } from "../types/substrate-types.ts";
import { decodeExactly, type TypeNode } from "../types/type-node.ts";
import { contextOf, createDispatcher, openSession, type Session } from "./dispatcher.ts";
import { addWeight, type CallInfo } from "./dsl/calls.ts";
import type { DispatchOutcome } from "./dsl/context.ts";
import { type Invalidity, InvalidTransaction } from "./dsl/invalid-transaction.ts";
import type { PalletSource, RuntimeApiMethod } from "./dsl/pallet.ts";
import type { Extrinsic } from "./extrinsic.ts";
import { inclusionFee, totalFee } from "./fees.ts";
import { addToBlock, BASE_EXTRINSIC, type BlockUsage, emptyUsage } from "./limits.ts";
import { setBalance } from "./pallets/balances.ts";
import { BLOCK_AUTHOR } from "./pallets/block-author.ts";
import { systemTotals } from "./pallets/system.ts";
import { BLOCK_HASH_COUNT, System, setExtrinsicIndex, systemEvents } from "./pallets/system-storage.ts";
import { Timestamp } from "./pallets/timestamp.ts";
import { chargeFee, settleFee } from "./pallets/transaction-payment.ts";
import { declareRuntime } from "./runtime-types.ts";
import { SignatureCheck } from "./signature-check.ts";
import { type CheckedTransaction, checkTransaction, longevity } from "./transaction-checks.ts";
import { createUndeclaredStorage } from "./undeclared-storage.ts";
import { changeRuntime } from "./upgrade.ts";
import { SPEC_VERSION, toVersionInfo } from "./version.ts";

const EVENTS_KEY = storagePrefix("System", "Events");

/** What stands first in the pool: everybody the same, and what governs the chain before it. */
const PRIORITY = { Normal: 1n, Operational: 10_000_000_000n, Mandatory: 0n } as const;

/** The block that is being made: what it used, what happened, how many extrinsics it has. */
type RunningBlock = { session: Session; used: BlockUsage; extrinsics: number };

export type EngineOptions = {
  pallets: readonly PalletSource[];
  slotMs: number;
  /** Default: that of the real runtime this one is a subset of. */
  specVersion?: number;
};

/** The rules of the chain in TypeScript: the pallets, and what FRAME's executive does around them. */
export function createRuntimeEngine(
  { pallets: sources, slotMs, specVersion = SPEC_VERSION }: EngineOptions,
  logger: Logger,
): RuntimeEngine {
  const runtime = declareRuntime(sources, specVersion);
  const { pallets, types, extrinsics } = runtime;
  const dispatch = createDispatcher(pallets, logger);
  const checks = { pallets, signatures: new SignatureCheck(), specVersion };
  const apis = new Map<string, { method: RuntimeApiMethod; inputs: TypeNode }>(
    pallets.flatMap(({ apis: declared = {} }) =>
      Object.entries(declared).flatMap(([api, { methods }]) =>
        Object.entries(methods).map(([name, method]) => {
          const inputs = record(`${api}_${name}`, method.inputs);
          return [`${api}_${name}`, { method, inputs }] as const;
        }),
      ),
    ),
  );
  let running: RunningBlock | undefined;

  function current(): RunningBlock {
    if (running === undefined) throw new Error("no block is being made");
    return running;
  }

  function applyBare(block: RunningBlock, { call, length }: Extrinsic): ApplyResult {
    const info = types.info(call);
    if (info.class !== "Mandatory") return { ok: false, invalidity: "Call" };
    const outcome = dispatch(block.session, call, { kind: "none" });
    // An inherent must not fail: the block would be refused by everybody else.
    if (!outcome.ok) throw new Error(`inherent ${call.type}.${call.value.type} failed: ${outcome.name}`);
    block.used = addToBlock(block.used, info, length) ?? block.used;
    conclude(block, outcome, info);
    return { ok: true, dispatched: true };
  }

  function applySigned(block: RunningBlock, extrinsic: Extrinsic): ApplyResult {
    const { session } = block;
    const c = contextOf(session);
    const checked = checkTransaction(c, extrinsic, types.info(extrinsic.call), checks);
    const { signer, call, info, extra, fee } = checked;
    const account = System.Account.get(session.store, signer);
    if (extra.nonce > account.nonce) throw new InvalidTransaction("Future");
    const used = addToBlock(block.used, info, extrinsic.length);
    if (used === undefined) throw new InvalidTransaction("ExhaustsResources");

    System.Account.put(session.store, signer, { ...account, nonce: account.nonce + 1 });
    chargeFee(c, signer, fee);
    const outcome = dispatch(session, call, { kind: "signed", who: signer });
    const actual = actualInfo(checked, outcome);
    const settled = totalFee(inclusionFee(actual, extrinsic.length), extra.tip);
    settleFee(c, signer, BLOCK_AUTHOR, { paid: fee, actual: settled, tip: extra.tip });
    block.used = used;
    conclude(block, outcome, actual);
    return { ok: true, dispatched: outcome.ok };
  }

  return {
    slotMs,
    version: () => toVersionInfo(types.version()),
    metadata: (version) => types.metadata(version)!,
    genesis(config, store) {
      const c = contextOf(openSession(store, 0));
      for (const pallet of pallets) pallet.genesis?.(c, config);
    },
    initialize(store, header) {
      running = { session: openSession(store, header.number), used: emptyUsage(), extrinsics: 0 };
      beginBlock(store, header);
      const c = contextOf(running.session);
      for (const pallet of pallets) pallet.onInitialize?.(c);
    },
    inherents(reader, nowMs) {
      const before = Timestamp.Now.get(reader);
      const earliest = before + BigInt(Math.floor(slotMs / 2));
      const now = before === 0n || nowMs >= earliest ? nowMs : earliest;
      return [extrinsics.encodeBare({ type: "Timestamp", value: { type: "set", value: { now } } })];
    },
    validate(store, bytes, at): Validity {
      const extrinsic = extrinsics.decode(bytes);
      return refusable(() => {
        const c = contextOf(openSession(store, at.number + 1));
        System.BlockHash.put(store, at.number, at.hash);
        const { signer, extra, info } = checkTransaction(c, extrinsic, types.info(extrinsic.call), checks);
        const { nonce } = System.Account.get(store, signer);
        return {
          ok: true,
          priority: PRIORITY[info.class],
          requires: extra.nonce > nonce ? [nonceTag(signer, extra.nonce - 1)] : [],
          provides: [nonceTag(signer, extra.nonce)],
          longevity: longevity(extra, at.number + 1),
        };
      });
    },
    apply(store, bytes): ApplyResult {
      const block = current();
      const extrinsic = extrinsics.decode(bytes);
      const eventsBefore = block.session.events.count;
      block.session.events.begin({ type: "ApplyExtrinsic", value: block.extrinsics });
      setExtrinsicIndex(store, block.extrinsics);
      const result: ApplyResult = refusable(() =>
        store.transaction(() =>
          extrinsic.signed === undefined ? applyBare(block, extrinsic) : applySigned(block, extrinsic),
        ),
      );
      if (result.ok) block.extrinsics++;
      else block.session.events.rewind(eventsBefore);
      return result;
    },
    finalize(store, included): Header {
      const { session, used } = current();
      session.events.begin({ type: "Finalization" });
      setExtrinsicIndex(store, undefined);
      const c = contextOf(session);
      for (const pallet of pallets) pallet.onFinalize?.(c);
      systemTotals.BlockWeight.put(store, used.weight);
      System.EventCount.put(store, session.events.count);
      store.put(EVENTS_KEY, session.events.encode());
      running = undefined;
      return {
        parentHash: System.ParentHash.get(store),
        number: session.block,
        stateRoot: store.root(),
        extrinsicsRoot: bytesToHex(blake2b256(Buffer.concat(included.map((bytes) => Bytes.encode(bytes))))),
        digest: System.Digest.get(store).logs.map((item) => bytesToHex(DigestItem.encode(item))),
      };
    },
    call(store, method, args, at) {
      const declared = apis.get(method);
      if (declared === undefined) throw new UnknownRuntimeApi(method);
      const { method: api, inputs } = declared;
      const c = contextOf(openSession(store, at.number + 1));
      return api.output.encode(api.run(c, decodeExactly(inputs, args)));
    },
    setBalance(store, account, rao) {
      setBalance(contextOf(running?.session ?? openSession(store, 0)), account, rao);
    },
    undeclaredStorage: createUndeclaredStorage(pallets),
    dispatchAs(_, account, call) {
      const outcome = dispatch(current().session, call, { kind: "signed", who: account });
      if (!outcome.ok) throw new DispatchFailed(outcome.name);
    },
    upgraded: ({ specVersion: next, change }) =>
      createRuntimeEngine({ pallets: changeRuntime(sources, change), slotMs, specVersion: next }, logger),
  };
}

/** What the transaction turned out to cost. */
function actualInfo({ info }: CheckedTransaction, { post }: DispatchOutcome): CallInfo {
  const { actualWeight, pays } = post;
  const cheaper = actualWeight !== undefined && actualWeight.ref_time < info.weight.ref_time;
  return { ...info, weight: cheaper ? actualWeight : info.weight, pays: pays ?? info.pays };
}

/** The last event of every transaction. */
function conclude({ session }: RunningBlock, outcome: DispatchOutcome, info: CallInfo): void {
  const dispatch_info = {
    weight: addWeight(info.weight, BASE_EXTRINSIC),
    class: { type: info.class },
    pays_fee: { type: info.pays },
  } as const;
  session.events.deposit(
    outcome.ok
      ? systemEvents.make.ExtrinsicSuccess({ dispatch_info })
      : systemEvents.make.ExtrinsicFailed({ dispatch_error: outcome.error, dispatch_info }),
  );
}

function refusable<T>(work: () => T): T | { ok: false; invalidity: Invalidity } {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidTransaction) return { ok: false, invalidity: error.invalidity };
    throw error;
  }
}

function beginBlock(store: Store, { number, parentHash, digest }: HeaderInput): void {
  System.Number.put(store, number);
  System.ParentHash.put(store, parentHash);
  System.BlockHash.put(store, number - 1, parentHash);
  const forgotten = number - 1 - BLOCK_HASH_COUNT;
  if (forgotten > 0) System.BlockHash.remove(store, forgotten); // never genesis: immortal signatures name it
  const logs = digest.map((item) => DigestItem.decode(hexToBytes(item)));
  System.Digest.put(store, { logs });
  store.delete(EVENTS_KEY);
}
