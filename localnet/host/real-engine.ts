import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Hex } from "../../shared/types.ts";
import {
  type ApplyResult,
  type BlockRef,
  type BlockStore,
  type Header,
  type HeaderInput,
  type RuntimeEngine,
  UndecodableExtrinsic,
  UnknownRuntimeApi,
  type Validity,
  type VersionInfo,
} from "../engine.ts";
import { decodeHeader, encodeHeader } from "../header-codec.ts";
import type { MetadataVersion } from "../metadata/metadata.ts";
import { contextOf, openSession } from "../runtime/dispatcher.ts";
import type { GenesisConfig } from "../runtime/dsl/genesis.ts";
import { setBalance } from "../runtime/pallets/balances.ts";
import type { Reader, Store } from "../state/store.ts";
import { option, vec } from "../types/composites.ts";
import { hexToBytes } from "../types/hex.ts";
import { Bytes, U32, U64 } from "../types/primitives.ts";
import { CallStorage } from "./call-storage.ts";
import { genesisJson } from "./genesis-json.ts";
import { inherentData } from "./inherent-data.ts";
import { genesisProblem, readInvalidity, readValidity, readVersion } from "./runtime-answers.ts";
import { RuntimeHost } from "./runtime-host.ts";

/** Where a chain keeps its own runtime: the key ":code". */
const CODE_KEY: Hex = "0x3a636f6465";
const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

/** The transaction came from outside, so the runtime checks everything about it. */
const EXTERNAL = 2;

/** `ExtrinsicInclusionMode::OnlyInherents`: the runtime is in the middle of a migration. */
const ONLY_INHERENTS = 1;

const NO_STATE: Reader = { get: () => undefined, keys: () => [] };

const OptionalBytes = option(Bytes);
const Extrinsics = vec(Bytes);
const NoArguments = new Uint8Array();

export type RealEngineOptions = {
  /** The runtime, plain or compressed: what a chain holds under ":code". */
  blob: Uint8Array;
  logger: Logger;
  /** Longest time of one call of the runtime, in milliseconds. */
  timeoutMs?: number;
};

/** A real Subtensor runtime behind the node: the blob's own rules, metadata and genesis. */
export class RealEngine implements RuntimeEngine {
  readonly slotMs: number;
  readonly #blob: Uint8Array;
  readonly #host: RuntimeHost;
  readonly #version: VersionInfo;
  readonly #metadata = new Map<MetadataVersion, Uint8Array>();
  /** Those of the next block, told from transactions by being the very same bytes. */
  #inherents: readonly Uint8Array[] = [];
  #onlyInherents = false;

  /** @throws SubforgeError RUNTIME_BLOB_INVALID, RUNTIME_IMPORT_UNKNOWN, RUNTIME_API_MISSING, RUNTIME_TRAPPED */
  constructor({ blob, logger, timeoutMs }: RealEngineOptions) {
    this.#blob = blob;
    this.#host = new RuntimeHost(blob, { logger, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    this.#version = readVersion(this.#ask("Core_version", NoArguments));
    this.slotMs = Number(U64.decode(this.#ask("AuraApi_slot_duration", NoArguments)));
  }

  version(): VersionInfo {
    return this.#version;
  }

  /** The newest the runtime has, up to this version. */
  metadata(version: MetadataVersion): Uint8Array {
    const known = this.#metadata.get(version);
    if (known !== undefined) return known;
    const answer = OptionalBytes.decode(this.#ask("Metadata_metadata_at_version", U32.encode(version)));
    const found = answer ?? this.#olderMetadata(version);
    this.#metadata.set(version, found);
    return found;
  }

  genesis(config: GenesisConfig, store: Store): void {
    const storage = new CallStorage(store);
    const none = OptionalBytes.encode(undefined);
    const preset = OptionalBytes.decode(this.#ask("GenesisBuilder_get_preset", none));
    const json = genesisJson(Buffer.from(preset ?? "{}").toString("utf8"), config, config.sudo);
    const args = Bytes.encode(Buffer.from(json));
    const reason = genesisProblem(this.#host.call({ method: "GenesisBuilder_build_state", args, storage }));
    if (reason !== undefined) throw new SubforgeError("RUNTIME_GENESIS_REFUSED", { reason });
    storage.flush(store);
    store.put(CODE_KEY, this.#blob);
  }

  initialize(store: Store, { parentHash, number, digest }: HeaderInput): void {
    const header = { parentHash, number, digest, stateRoot: ZERO_HASH, extrinsicsRoot: ZERO_HASH };
    const storage = new CallStorage(store);
    const method = "Core_initialize_block";
    const mode = this.#host.call({ method, args: encodeHeader(header), storage, isHook: true });
    storage.flush(store);
    this.#onlyInherents = mode[0] === ONLY_INHERENTS;
  }

  inherents(reader: Reader, nowMs: bigint): Uint8Array[] {
    const args = inherentData(nowMs, nowMs / BigInt(this.slotMs));
    const storage = new CallStorage(reader);
    const method = "BlockBuilder_inherent_extrinsics";
    const answer = this.#host.call({ method, args, storage, isHook: true });
    this.#inherents = Extrinsics.decode(answer).map((extrinsic) => Bytes.encode(extrinsic));
    return [...this.#inherents];
  }

  validate(store: Store, extrinsic: Uint8Array, at: BlockRef): Validity {
    const args = Buffer.concat([Uint8Array.of(EXTERNAL), extrinsic, hexToBytes(at.hash)]);
    const method = "TaggedTransactionQueue_validate_transaction";
    try {
      return readValidity(this.#host.call({ method, args, storage: new CallStorage(store) }));
    } catch (error) {
      if (isSubforgeError(error, "RUNTIME_TRAPPED"))
        throw new UndecodableExtrinsic(`Runtime error: Execution failed: ${error.details.reason}`);
      throw error;
    }
  }

  apply(store: Store, extrinsic: Uint8Array): ApplyResult {
    const isHook = this.#inherents.includes(extrinsic);
    if (this.#onlyInherents && !isHook) return { ok: false, invalidity: "ExhaustsResources" };
    const storage = new CallStorage(store);
    const method = "BlockBuilder_apply_extrinsic";
    const answer = this.#host.call({ method, args: extrinsic, storage, isHook });
    if (answer[0] !== 0) return { ok: false, invalidity: readInvalidity(answer.slice(1)) };
    storage.flush(store);
    return { ok: true, dispatched: answer[1] === 0 };
  }

  finalize(store: BlockStore): Header {
    const storage = new CallStorage(store);
    const answer = this.#host.call({
      method: "BlockBuilder_finalize_block",
      args: NoArguments,
      storage,
      baseRoot: store.root(),
      isHook: true,
    });
    storage.flush(store);
    return decodeHeader(answer);
  }

  call(store: Store, method: string, args: Uint8Array): Uint8Array {
    // Other exports, such as the table of functions, are no runtime API: those are named Api_method.
    if (!method.includes("_") || method.startsWith("__") || !this.#host.has(method))
      throw new UnknownRuntimeApi(method);
    return this.#host.call({ method, args, storage: new CallStorage(store) });
  }

  /** Written as this project's own pallets keep it: accounts and issuance have the same layout in every Subtensor. */
  setBalance(store: Store, account: Hex, rao: bigint): void {
    setBalance(contextOf(openSession(store, 0)), account, rao);
  }

  /** Ask what needs no state. */
  #ask(method: string, args: Uint8Array): Uint8Array {
    return this.#host.call({ method, args, storage: new CallStorage(NO_STATE) });
  }

  #olderMetadata(version: MetadataVersion): Uint8Array {
    if (version > 14) return this.metadata((version - 1) as MetadataVersion);
    return Bytes.decode(this.#ask("Metadata_metadata", NoArguments));
  }
}
