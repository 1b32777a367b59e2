import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import type { Troubles } from "./troubles.ts";

/** Pause before something that failed is tried again, without waiting for a block. */
const RETRY_MS = 1_000;

/** Errors of which no later block is the cure, and after which nothing of this process may be signed. */
const FATAL = /^(JOURNAL_|PLANNER_LEASE_LOST$|DOPPELGANGER_FOUND$)/;

/** Everything that can be done at a block, or only what can be done between two. */
export type Look = "all" | "ask";

/**
 * The turns of one mechanism: one look after the other, never two at once, and as many wishes as come meanwhile are one
 * look. What goes wrong in it has a name and is tried again, and does not stop the others.
 */
export class Lane {
  readonly #look: (what: Look) => Promise<void>;
  readonly #deps: { clock: Clock; logger: Logger; troubles: Troubles };
  /** Codes that were told of looks. */
  readonly #told = new Set<string>();
  #wanted: Look | undefined;
  #wake: () => void = () => {};

  constructor(
    look: (what: Look) => Promise<void>,
    deps: { clock: Clock; logger: Logger; troubles: Troubles },
  ) {
    this.#look = look;
    this.#deps = deps;
  }

  want(what: Look): void {
    if (this.#wanted !== "all") this.#wanted = what;
    this.#wake();
  }

  /** @throws SubforgeError the JOURNAL_ codes, PLANNER_LEASE_LOST, DOPPELGANGER_FOUND */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) {
      if (this.#wanted === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const what = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#look(what);
        this.#deps.troubles.over(...this.#told);
        this.#told.clear();
      } catch (error) {
        if (isSubforgeError(error) && FATAL.test(error.code)) throw error;
        this.#tell(error);
        await this.#deps.clock.sleep(RETRY_MS, signal);
        this.want("all");
      }
    }
    signal.removeEventListener("abort", onAbort);
  }

  #tell(error: unknown): void {
    const code = isSubforgeError(error) ? error.code : "INTERNAL";
    const reason = error instanceof Error ? error.message : String(error);
    this.#told.add(code);
    if (code === "INTERNAL") this.#deps.logger.error("look.failed", { stack: (error as Error)?.stack });
    this.#deps.troubles.tell(code, reason);
  }
}
