import { describe, expect, it, onTestFinished } from "vitest";
import type { BlockHead, Chain } from "../shared/chain/chain.ts";
import { SubforgeError } from "../shared/errors.ts";
import { silentLogger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { followBlocks, RulesReader } from "./block-follower.ts";
import type { ValidatorEvent } from "./events.ts";
import { Lane, type Look } from "./lane.ts";
import { Troubles } from "./troubles.ts";

describe("following blocks", () => {
  it("C1: names a chain that is silent, and works again with its next block", async () => {
    const { clock, events, heads, signal, run } = bench();
    const looks: Look[] = [];
    const one = lane(async (what) => void looks.push(what), { clock, events, netuid: 2 });
    run(one.run(signal), followBlocks(heads, { lanes: [one], readers: [] }, deps({ clock, events, signal })));
    heads.make(7);
    await clock.advance(2_500);
    expect(looks.slice(0, 2)).toEqual(["all", "ask"]); // work that nobody has is looked for between blocks
    await clock.advance(40_000);
    expect(events).toMatchObject([{ event: "chain.silent", block: 7 }]);
    heads.make(8);
    await clock.advance(0);
    expect(events).toMatchObject([{}, { event: "chain.back", block: 8 }]);
    expect(looks.at(-1)).toBe("all");
  });

  it("asks again for blocks when the chain fails, and tries one mechanism again without stopping the others", async () => {
    const { clock, events, heads, signal, run } = bench();
    let broken = true;
    const good: Look[] = [];
    const away = new SubforgeError("CHAIN_TIMEOUT", { what: "the metagraph", timeoutMs: 1 });
    const bad = lane(
      async () => {
        if (broken) throw away;
      },
      { clock, events, netuid: 2 },
    );
    const other = lane(async (what) => void good.push(what), { clock, events, netuid: 3 });
    const lanes = [bad, other];
    run(
      bad.run(signal),
      other.run(signal),
      followBlocks(heads, { lanes, readers: [] }, deps({ clock, events, signal })),
    );
    heads.make(1);
    await clock.advance(3_500);
    expect(events).toMatchObject([{ event: "trouble.began", netuid: 2, code: "CHAIN_TIMEOUT" }]);
    expect(good.length).toBeGreaterThan(1);
    broken = false;
    heads.fail(away);
    await clock.advance(2_000);
    expect(events.slice(1)).toMatchObject([{ event: "trouble.over", netuid: 2, code: "CHAIN_TIMEOUT" }]);
    heads.make(2);
    await clock.advance(0);
    expect(good.at(-1)).toBe("all");
  });

  it("ends when nothing may be written or signed any more", async () => {
    const { clock, events, signal } = bench();
    const stop = lane(
      async () => {
        throw new SubforgeError("JOURNAL_BROKEN", { path: "journal.db", reason: "the disk is full" });
      },
      { clock, events, netuid: 2 },
    );
    stop.want("all");
    await expect(stop.run(signal)).rejects.toMatchObject({ code: "JOURNAL_BROKEN" });
  });

  it("asks for a subnet's rules once per block, and again when there was no answer", async () => {
    let asked = 0;
    const subnetRules = async () => {
      asked++;
      if (asked === 1) throw new SubforgeError("CHAIN_TIMEOUT", { what: "rules", timeoutMs: 1 });
      return { block: asked } as Awaited<ReturnType<Chain["subnetRules"]>>;
    };
    const reader = new RulesReader({ subnetRules }, 2);
    await expect(reader.read()).rejects.toMatchObject({ code: "CHAIN_TIMEOUT" });
    expect(await reader.read()).toBe(await reader.read());
    reader.seen(headOf(9));
    await Promise.all([reader.read(), reader.read()]);
    expect(asked).toBe(3);
  });
});

function bench() {
  const stop = new AbortController();
  const run = (...parts: Promise<void>[]) =>
    onTestFinished(async () => {
      stop.abort();
      await Promise.all(parts);
    });
  const events: ValidatorEvent[] = [];
  return { clock: new ManualClock(), events, heads: new Heads(), signal: stop.signal, run };
}

function deps({ clock, events, signal }: Pick<ReturnType<typeof bench>, "clock" | "events" | "signal">) {
  const onEvent = (event: ValidatorEvent) => void events.push(event);
  return { clock, logger: silentLogger, signal, onEvent };
}

function lane(
  look: (what: Look) => Promise<void>,
  { clock, events, netuid }: { clock: ManualClock; events: ValidatorEvent[]; netuid: number },
): Lane {
  const onEvent = (event: ValidatorEvent) => void events.push(event);
  const troubles = new Troubles({ netuid, mechanism: 0 }, { logger: silentLogger, onEvent });
  return new Lane(look, { clock, logger: silentLogger, troubles });
}

function headOf(number: number): BlockHead {
  return { number, hash: `0x${number}`, parentHash: "0x" };
}

/** Blocks when the test says so. */
class Heads {
  #waiting: (BlockHead | SubforgeError)[] = [];
  #wake = (): void => {};

  make(number: number): void {
    this.#waiting.push(headOf(number));
    this.#wake();
  }

  fail(error: SubforgeError): void {
    this.#waiting.push(error);
    this.#wake();
  }

  async *heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const next = this.#waiting.shift();
      if (next instanceof SubforgeError) throw next;
      if (next) yield next;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
