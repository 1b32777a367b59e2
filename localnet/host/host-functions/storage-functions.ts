import { hexToBytes } from "../../types/hex.ts";
import { parts, type Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";
import { appended, killResult, readLimit } from "./storage-values.ts";

/** The chain's state. Keys are whatever bytes the runtime makes of pallet, item and map keys. */
export function storageFunctions(call: HostCall): HostFunctions {
  const { memory } = call;
  return {
    ext_storage_get_version_1: (key: Span) => memory.giveOption(call.storage.get(memory.readHex(key))),
    ext_storage_read_version_1: (key: Span, out: Span, offset: number) => {
      const value = call.storage.get(memory.readHex(key));
      if (value === undefined) return memory.giveOption(undefined);
      return memory.give(readInto(memory, value, out, offset));
    },
    ext_storage_exists_version_1: (key: Span) =>
      call.storage.get(memory.readHex(key)) === undefined ? 0 : 1,
    ext_storage_set_version_1: (key: Span, value: Span) =>
      call.storage.set(memory.readHex(key), memory.read(value)),
    ext_storage_clear_version_1: (key: Span) => call.storage.set(memory.readHex(key), undefined),
    ext_storage_append_version_1: (key: Span, item: Span) => {
      const at = memory.readHex(key);
      call.storage.set(at, appended(call.storage.get(at), memory.read(item)));
    },
    ext_storage_clear_prefix_version_1: (prefix: Span) => {
      call.storage.clearPrefix(memory.readHex(prefix));
    },
    ext_storage_clear_prefix_version_2: (prefix: Span, limit: Span) =>
      memory.give(
        killResult(call.storage.clearPrefix(memory.readHex(prefix), readLimit(memory.read(limit)))),
      ),
    ext_storage_next_key_version_1: (key: Span) => {
      const next = call.storage.nextKey(memory.readHex(key));
      return memory.giveOption(next === undefined ? undefined : hexToBytes(next));
    },
    ext_storage_root_version_1: () => memory.give(hexToBytes(call.stateRoot())),
    ext_storage_root_version_2: () => memory.give(hexToBytes(call.stateRoot())),
    ext_storage_start_transaction_version_1: () => call.storage.begin(),
    ext_storage_commit_transaction_version_1: () => call.storage.commit(),
    ext_storage_rollback_transaction_version_1: () => call.storage.rollback(),
  };
}

/** Copy what fits of a value from `offset` on. @returns Some(bytes there were from the offset), as SCALE */
export function readInto(
  memory: HostCall["memory"],
  value: Uint8Array,
  out: Span,
  offset: number,
): Uint8Array {
  const rest = value.subarray(offset >>> 0);
  const { pointer, length } = parts(out);
  memory.writeAt(pointer, rest.subarray(0, length));
  const answer = Buffer.alloc(5, 1);
  answer.writeUInt32LE(rest.length, 1);
  return answer;
}
