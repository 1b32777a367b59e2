/** A refusal for too many requests never brings the rate below this. */
const LOWEST_PER_SECOND = 0.2;

/** Seconds after which a rate that was halved is doubled again, when nothing was refused meanwhile. */
const MEND_AFTER_S = 300;

/** Sustained requests a second of an endpoint that others use, too, and what may come at once. */
const PUBLIC_BUDGET = { perSecond: 1, burst: 120 };
const LOCAL_BUDGET = { perSecond: Number.POSITIVE_INFINITY, burst: 1 };

export type BudgetOptions = {
  /** Sustained rate. Infinity: no limit. */
  perSecond: number;
  /** Requests that may come at once after a pause. */
  burst: number;
};

/**
 * A bucket of requests for one endpoint. Public endpoints take about one a second from an address and shut out who
 * asks more; the rate is halved when one says so, and mends slowly. Pure: time is an argument.
 */
export class RequestBudget {
  readonly #options: BudgetOptions;
  #perSecond: number;
  #left: number;
  #filledAtMs: number;
  #refusedAtMs: number;

  constructor(options: BudgetOptions, nowMs: number) {
    this.#options = options;
    this.#perSecond = options.perSecond;
    this.#left = options.burst;
    this.#filledAtMs = nowMs;
    this.#refusedAtMs = nowMs;
  }

  /** Takes one request. @returns how long it has to wait, in milliseconds */
  take(nowMs: number): number {
    if (this.#options.perSecond === Number.POSITIVE_INFINITY) return 0;
    this.#fill(nowMs);
    this.#left -= 1;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1_000);
  }

  /** Gives back a request that was not sent. */
  giveBack(): void {
    this.#left = Math.min(this.#options.burst, this.#left + 1);
  }

  /** The endpoint said that it was asked too much. */
  refused(nowMs: number): void {
    const from = Number.isFinite(this.#perSecond) ? this.#perSecond : 2;
    this.#perSecond = Math.max(LOWEST_PER_SECOND, from / 2);
    this.#left = Math.min(this.#left, 0);
    this.#filledAtMs = nowMs;
    this.#refusedAtMs = nowMs;
  }

  #fill(nowMs: number): void {
    const { perSecond, burst } = this.#options;
    if (this.#perSecond < perSecond && nowMs - this.#refusedAtMs >= MEND_AFTER_S * 1_000) {
      this.#perSecond = Math.min(perSecond, this.#perSecond * 2);
      this.#refusedAtMs = nowMs;
    }
    const gained = (Math.max(0, nowMs - this.#filledAtMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(burst, this.#left + gained);
    this.#filledAtMs = nowMs;
  }
}

/** How often an address may be asked: machines of others are shared with others. */
export function budgetFor(url: string, perSecond: number | undefined): BudgetOptions {
  if (perSecond !== undefined) return { perSecond, burst: Math.max(1, perSecond * PUBLIC_BUDGET.burst) };
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return /^(localhost|127\.|\[::1\]|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host)
    ? LOCAL_BUDGET
    : PUBLIC_BUDGET;
}
