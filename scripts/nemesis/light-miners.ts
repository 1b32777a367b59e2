import { startMiner } from "../../miner/miner.ts";
import type { Chain } from "../../shared/chain/chain.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Agent } from "../../shared/template.ts";
import type { Tensor } from "../../shared/tensor.ts";
import { tensor } from "../../shared/tensor.ts";
import type { Hotkey, Netuid } from "../../shared/types.ts";
import hello from "../../subnets/hello/index.ts";
import type { DevMinerKeys } from "../dev/dev-subnet.ts";
import { Relay } from "./relay.ts";

/** The chain refuses 127.0.0.1 as an axon's address; in its IPv6 spelling it takes it. */
const LOOPBACK_ON_CHAIN = "::ffff:127.0.0.1";

export type LightMiner = {
  hotkey: Hotkey;
  line: Relay;
  /** Says 0 for every row from now on, or does the honest work again. */
  lie(lies: boolean): void;
  stopped: Promise<void>;
};

type Question = { x: Tensor };

/**
 * A real miner without a model: it adds up by itself, so that many fit into one process.
 *
 * @param worthless - Lies from the beginning.
 */
export async function startLightMiner(
  { hotkey: signer }: DevMinerKeys,
  { netuid, worthless }: { netuid: Netuid; worthless: boolean },
  deps: { chain: Chain; logger: Logger; signal: AbortSignal },
): Promise<LightMiner> {
  let lies = worthless;
  const agent: Agent<never, { y: Tensor }> = {
    name: "adder",
    describe: "adds up without a model",
    cost: 1,
    answer: async (request) => ({ y: sums(request as Question, lies) }),
  };
  const line = await Relay.open();
  const { url, stopped } = await startMiner(
    {
      netuid,
      port: 0,
      announce: { ip: LOOPBACK_ON_CHAIN, port: line.port },
      callers: { requirePermit: false },
      agent: agent as unknown as Agent,
    },
    { ...deps, chain: deps.chain as never, signer, template: hello as never },
  );
  line.target = Number(new URL(url).port);
  deps.signal.addEventListener("abort", () => line.close(), { once: true });
  const lie = (now: boolean): void => {
    lies = now;
  };
  return { hotkey: signer.address, line, lie, stopped };
}

function sums({ x }: Question, lies: boolean): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  const values = Array.from(x.data, Number);
  const added = Array.from({ length: rows }, (_, row) =>
    values.slice(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0),
  );
  return tensor("float32", [rows, 1], Float32Array.from(lies ? added.fill(0) : added));
}
