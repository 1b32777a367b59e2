import { silentLogger } from "../../shared/logger.ts";
import type { BlockNumber, Rao } from "../../shared/types.ts";
import { State } from "../state/state.ts";
import { contextOf, createDispatcher, type Dispatcher, openSession } from "./dispatcher.ts";
import type { Account, DispatchOutcome, Origin, RuntimeCall } from "./dsl/context.ts";
import type { Pallet } from "./dsl/pallet.ts";
import { System } from "./pallets/system-storage.ts";
import { Timestamp } from "./pallets/timestamp.ts";
import { type ChainSpeed, createPallets } from "./pallets.ts";
import { declareRuntime } from "./runtime-types.ts";

/** When such a chain begins: any time at which the beacon has rounds. A slot later comes the next block. */
const GENESIS_MS = BigInt(Date.UTC(2026, 0, 1));

/** What a chain without a node starts from. */
export type BareChainOptions = {
  balances: readonly { account: Account; rao: Rao }[];
  sudo: Account;
} & ChainSpeed;

/**
 * The chain's rules without extrinsics, signatures and fees: calls go straight to the pallets, one per block.
 * For tests of the rules and for whoever needs many blocks quickly.
 */
export class BareChain {
  readonly state = new State();
  readonly #pallets: readonly Pallet[];
  readonly #slotMs: bigint;
  readonly #dispatch: Dispatcher;

  constructor({ balances, sudo, slotMs }: BareChainOptions) {
    this.#slotMs = BigInt(slotMs);
    this.#pallets = declareRuntime(createPallets({ slotMs })).pallets;
    this.#dispatch = createDispatcher(this.#pallets, silentLogger);
    this.state.block(() => {
      const c = contextOf(openSession(this.state, 0));
      for (const pallet of this.#pallets) pallet.genesis?.(c, { balances, sudo });
    });
  }

  /** Number of the last block. */
  get block(): BlockNumber {
    return this.state.head;
  }

  /** Make a block with one call in it. */
  call(who: Account, pallet: string, name: string, args: Record<string, unknown>): DispatchOutcome {
    return this.#makeBlock({ type: pallet, value: { type: name, value: args } }, { kind: "signed", who })!;
  }

  /** Make a block with one call by root in it. */
  root(pallet: string, name: string, args: Record<string, unknown>): DispatchOutcome {
    return this.#makeBlock({ type: pallet, value: { type: name, value: args } }, { kind: "root" })!;
  }

  /** Make so many empty blocks. */
  pass(blocks: number): void {
    for (let i = 0; i < blocks; i++) this.#makeBlock();
  }

  #makeBlock(call?: RuntimeCall, origin: Origin = { kind: "none" }): DispatchOutcome | undefined {
    return this.state.block(() => {
      const number = this.state.head + 1;
      const session = openSession(this.state, number);
      const c = contextOf(session);
      System.Number.put(this.state, number);
      Timestamp.Now.put(this.state, GENESIS_MS + BigInt(number - 1) * this.#slotMs);
      for (const pallet of this.#pallets) pallet.onInitialize?.(c);
      return call && this.#dispatch(session, call, origin);
    });
  }
}
