import type { Span } from "../guest-memory.ts";
import { type HostCall, type HostFunctions, LOG_LEVELS } from "../host-call.ts";

/** "No proof is being recorded", which is what this function is asked about. */
const NO_PROOF = -1n;

/** Memory, logging, and what fits nowhere else. */
export function miscFunctions(call: HostCall): HostFunctions {
  const { memory, maxLevel } = call;
  const print = (text: string) => call.log("debug", "runtime", text);
  return {
    ext_allocator_malloc_version_1: (bytes: number) => memory.allocate(bytes >>> 0),
    ext_allocator_free_version_1: (pointer: number) => memory.free(pointer),
    ext_logging_log_version_1: (level: number, target: Span, message: Span) =>
      call.log(LOG_LEVELS[level] ?? "info", memory.readText(target), memory.readText(message)),
    ext_logging_max_level_version_1: () => LOG_LEVELS.indexOf(maxLevel),
    ext_misc_print_num_version_1: (value: bigint) => print(BigInt.asUintN(64, value).toString()),
    ext_misc_print_utf8_version_1: (text: Span) => print(memory.readText(text)),
    ext_misc_print_hex_version_1: (bytes: Span) => print(memory.readHex(bytes)),
    // Asked before an upgrade. Another runtime than the one that was brought would need other metadata while the
    // chain runs: no version means that the upgrade is refused, by the runtime's own error.
    ext_misc_runtime_version_version_1: () => memory.giveOption(undefined),
    ext_panic_handler_abort_on_panic_version_1: (message: Span) => {
      throw new Error(memory.readText(message));
    },
    ext_storage_proof_size_storage_proof_size_version_1: () => NO_PROOF,
    ext_wasm_tracing_enabled_version_1: () => 0,
    ext_wasm_tracing_enter_span_version_1: () => 0n,
    ext_wasm_tracing_exit_version_1: () => {},
    ext_offchain_index_set_version_1: () => {},
    ext_offchain_index_clear_version_1: () => {},
    ext_offchain_is_validator_version_1: () => 0,
  };
}
