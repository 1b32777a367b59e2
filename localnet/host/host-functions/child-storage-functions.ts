import type { Hex } from "../../../shared/types.ts";
import { hexToBytes } from "../../types/hex.ts";
import { compact, type Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";
import { readInto } from "./storage-functions.ts";
import { killResult, readLimit } from "./storage-values.ts";

/** Where tries of their own stand in the state of a real chain; here their entries follow the name. */
const CHILD_PREFIX = Buffer.from(":child_storage:default:");

/**
 * Key spaces of their own, as contracts have them. Each is a part of the one state, behind its name with its length,
 * so that none reaches into another.
 */
export function childStorageFunctions(call: HostCall): HostFunctions {
  const { memory } = call;
  const prefixOf = (name: Span): Hex => {
    const bytes = memory.read(name);
    return `0x${Buffer.concat([CHILD_PREFIX, compact(bytes.length), bytes]).toString("hex")}`;
  };
  const keyOf = (name: Span, key: Span): Hex => `${prefixOf(name)}${memory.readHex(key).slice(2)}`;
  const kill = (name: Span, limit?: number) => call.storage.clearPrefix(prefixOf(name), limit);
  return {
    ext_default_child_storage_get_version_1: (name: Span, key: Span) =>
      memory.giveOption(call.storage.get(keyOf(name, key))),
    ext_default_child_storage_read_version_1: (name: Span, key: Span, out: Span, offset: number) => {
      const value = call.storage.get(keyOf(name, key));
      return value === undefined
        ? memory.giveOption(undefined)
        : memory.give(readInto(memory, value, out, offset));
    },
    ext_default_child_storage_exists_version_1: (name: Span, key: Span) =>
      call.storage.get(keyOf(name, key)) === undefined ? 0 : 1,
    ext_default_child_storage_set_version_1: (name: Span, key: Span, value: Span) =>
      call.storage.set(keyOf(name, key), memory.read(value)),
    ext_default_child_storage_clear_version_1: (name: Span, key: Span) =>
      call.storage.set(keyOf(name, key), undefined),
    ext_default_child_storage_clear_prefix_version_1: (name: Span, prefix: Span) => {
      call.storage.clearPrefix(keyOf(name, prefix));
    },
    ext_default_child_storage_clear_prefix_version_2: (name: Span, prefix: Span, limit: Span) =>
      memory.give(killResult(call.storage.clearPrefix(keyOf(name, prefix), readLimit(memory.read(limit))))),
    ext_default_child_storage_storage_kill_version_1: (name: Span) => {
      kill(name);
    },
    ext_default_child_storage_storage_kill_version_2: (name: Span, limit: Span) =>
      kill(name, readLimit(memory.read(limit))).all ? 1 : 0,
    ext_default_child_storage_storage_kill_version_3: (name: Span, limit: Span) =>
      memory.give(killResult(kill(name, readLimit(memory.read(limit))))),
    ext_default_child_storage_next_key_version_1: (name: Span, key: Span) => {
      const prefix = prefixOf(name);
      const next = call.storage.nextKey(keyOf(name, key), prefix);
      return memory.giveOption(next && hexToBytes(next.slice(prefix.length)));
    },
    ext_default_child_storage_root_version_1: () => memory.give(hexToBytes(call.stateRoot())),
    ext_default_child_storage_root_version_2: () => memory.give(hexToBytes(call.stateRoot())),
  };
}
