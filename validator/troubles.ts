import type { Logger } from "../shared/logger.ts";
import type { Netuid } from "../shared/types.ts";
import type { OnEvent } from "./events.ts";

/** What stands in the way of one mechanism of one subnet, by error code: told when it begins, and when it is over. */
export class Troubles {
  readonly #of: { netuid: Netuid; mechanism: number };
  readonly #deps: { logger: Logger; onEvent: OnEvent };
  readonly #open = new Set<string>();

  constructor(of: { netuid: Netuid; mechanism: number }, deps: { logger: Logger; onEvent: OnEvent }) {
    this.#of = of;
    this.#deps = deps;
  }

  tell(code: string, reason: string): void {
    const trouble = { ...this.#of, code, reason };
    const { logger } = this.#deps;
    if (this.#open.has(code)) {
      logger.debug("trouble", trouble);
      return;
    }
    this.#open.add(code);
    logger.warn("trouble", trouble);
    this.#deps.onEvent({ event: "trouble.began", ...trouble });
  }

  over(...codes: string[]): void {
    for (const code of codes) {
      if (this.#open.delete(code)) this.#deps.onEvent({ event: "trouble.over", ...this.#of, code });
    }
  }
}
