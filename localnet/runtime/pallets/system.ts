import { METADATA_VERSIONS } from "../../metadata/metadata.ts";
import { blake2b256 } from "../../state/hashing.ts";
import { enumeration, option, record, tuple, variant, vec, wrapper } from "../../types/composites.ts";
import { bytesToHex } from "../../types/hex.ts";
import { Bytes, U16, U32 } from "../../types/primitives.ts";
import { AccountId, H256, RuntimeVersion, Weight } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { call, weight } from "../dsl/calls.ts";
import { ensureRoot, ensureSigned } from "../dsl/context.ts";
import { apiMethod, constant, type Pallet, type RuntimeTypes } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";
import {
  BLOCK_LENGTH,
  BLOCK_WEIGHTS,
  BlockLength,
  BlockWeights,
  DB_WEIGHT,
  DbWeight,
  perClass,
} from "../limits.ts";
import { BLOCK_HASH_COUNT, System, systemErrors, systemEvents, systemId } from "./system-storage.ts";

const OpaqueMetadata = wrapper("sp_core::OpaqueMetadata", Bytes);
const Key = named("Key", Bytes);

/** When in a block something happened. */
export const Phase = enumeration("frame_system::Phase", {
  ApplyExtrinsic: variant(0, [U32]),
  Finalization: variant(1),
  Initialization: variant(2),
});

/** Written by the executive when a block is finished. */
export const systemTotals = storageOf(systemId, {
  BlockWeight: value(perClass(Weight), {
    normal: weight(0n),
    operational: weight(0n),
    mandatory: weight(0n),
  }),
});

/** Accounts, blocks, events, and what the runtime says of itself. */
export function createSystem(types: RuntimeTypes): Pallet {
  const EventRecord = record(
    "frame_system::EventRecord",
    { phase: Phase, event: types.event, topics: named("Vec<T>", vec(H256)) },
    { E: types.event, T: H256 },
  );
  const { Events } = storageOf(systemId, { Events: value(vec(EventRecord), []) });
  return {
    ...systemId,
    path: "frame_system::pallet",
    storage: { ...System, ...systemTotals, Events },
    errors: systemErrors,
    events: systemEvents,
    constants: {
      BlockWeights: constant(BlockWeights, BLOCK_WEIGHTS),
      BlockLength: constant(BlockLength, BLOCK_LENGTH),
      BlockHashCount: constant(U32, BLOCK_HASH_COUNT),
      DbWeight: constant(DbWeight, DB_WEIGHT),
      get Version() {
        return constant(RuntimeVersion, types.version());
      },
      SS58Prefix: constant(U16, 42),
    },
    calls: {
      remark: call({
        index: 0,
        args: { remark: Bytes },
        run: (c) => {
          if (c.origin.kind !== "root") ensureSigned(c.origin);
          return undefined;
        },
      }),
      set_storage: call({
        index: 4,
        args: { items: named("Vec<KeyValue>", vec(tuple(Bytes, Bytes))) },
        class: "Operational",
        run(c, { items }) {
          ensureRoot(c.origin);
          for (const [key, bytes] of items) c.store.put(bytesToHex(key), bytes);
        },
      }),
      kill_storage: call({
        index: 5,
        args: { keys: named("Vec<Key>", vec(Key)) },
        class: "Operational",
        run(c, { keys }) {
          ensureRoot(c.origin);
          for (const key of keys) c.store.delete(bytesToHex(key));
        },
      }),
      remark_with_event: call({
        index: 7,
        args: { remark: Bytes },
        run(c, { remark }) {
          const sender = ensureSigned(c.origin);
          c.deposit(systemEvents.make.Remarked({ sender, hash: bytesToHex(blake2b256(remark)) }));
        },
      }),
    },
    apis: {
      Core: {
        version: 5,
        methods: {
          version: apiMethod({ inputs: {}, output: RuntimeVersion, run: () => types.version() }),
        },
      },
      Metadata: {
        version: 2,
        methods: {
          // V14 has no length of its own in front: it is what `state_getMetadata` answers.
          metadata: apiMethod({ inputs: {}, output: OpaqueMetadata, run: () => types.metadata(14)! }),
          metadata_at_version: apiMethod({
            inputs: { version: U32 },
            output: option(OpaqueMetadata),
            run: (_, { version }) => types.metadata(version),
          }),
          metadata_versions: apiMethod({
            inputs: {},
            output: vec(U32),
            run: () => [...METADATA_VERSIONS],
          }),
        },
      },
      AccountNonceApi: {
        version: 1,
        methods: {
          account_nonce: apiMethod({
            inputs: { account: AccountId },
            output: U32,
            run: (c, { account }) => System.Account.get(c.store, account).nonce,
          }),
        },
      },
    },
  };
}
