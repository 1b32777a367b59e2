import { createHash } from "node:crypto";
import { type Tensors, tensorBytes } from "../../shared/tensor.ts";
import { rowKey } from "./feeds.ts";

/** Crashes after which an input is not tried again. */
const QUARANTINE_AT = 2;
const MAX_ENTRIES = 1_000;

/**
 * Which inputs were being computed when a process crashed. An input is quarantined when it crashed a process twice,
 * the second time alone, so company cannot be the cause.
 */
export class CrashBook {
  readonly #crashes = new Map<string, number>();

  /** Nothing crashed, or what did was found harmless: nobody needs to be looked up. */
  get isEmpty(): boolean {
    return this.#crashes.size === 0;
  }

  /** `unknown`: never there when something crashed. */
  verdict(feeds: Tensors): "unknown" | "suspect" | "quarantined" {
    if (this.isEmpty) return "unknown"; // no hashing as long as nothing ever crashed
    const crashes = this.#crashes.get(digest(feeds)) ?? 0;
    return crashes === 0 ? "unknown" : crashes < QUARANTINE_AT ? "suspect" : "quarantined";
  }

  /** @param alone - Was it the only input of that run? */
  crashed(feeds: Tensors, alone: boolean): void {
    const key = digest(feeds);
    const before = this.#crashes.get(key) ?? 0;
    this.#crashes.delete(key);
    this.#crashes.set(key, alone ? before + 1 : Math.max(before, 1));
    if (this.#crashes.size > MAX_ENTRIES) this.#crashes.delete(this.#crashes.keys().next().value!);
  }

  /** It ran: whatever crashed, it was not this input. */
  survived(feeds: Tensors): void {
    if (!this.isEmpty) this.#crashes.delete(digest(feeds));
  }
}

function digest(feeds: Tensors): string {
  const hash = createHash("sha256").update(rowKey(feeds));
  for (const name of Object.keys(feeds).sort()) hash.update(tensorBytes(feeds[name]!));
  return hash.digest("hex");
}
