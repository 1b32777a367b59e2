import { Keypair } from "../../shared/keys/keypair.ts";
import type { ChainProcess } from "./chain-process.ts";
import { fillSubnet, neuronKey, type Sender } from "./full-subnet.ts";

/** All that a subnet of the chain takes, the validator included. */
export const SWEEP_NEURONS = 256;
/** The one neuron that `fillSubnet` gives stake and a permit. */
export const VALIDATOR_UID = 1;
const TEMPO = 20;

/** 127.0.0.1 in its IPv6 spelling: the chain refuses the other one. */
const LOOPBACK = 0xffff_7f00_0001n;

/** Keys of uids, the same in all processes. */
export function sweepKey(uid: number): Keypair {
  return Keypair.fromUri(neuronKey(uid));
}

/** A full subnet with one validator, in which everybody else has an axon. */
export class SweepSubnet {
  readonly netuid = 2;
  readonly #chain: ChainProcess;
  readonly #sender: Sender;

  private constructor(chain: ChainProcess, sender: Sender) {
    this.#chain = chain;
    this.#sender = sender;
  }

  static async create(chain: ChainProcess): Promise<SweepSubnet> {
    const sender = await fillSubnet(chain, { neurons: SWEEP_NEURONS, validators: 1 });
    const subnet = new SweepSubnet(chain, sender);
    await subnet.#root("sudo_set_weights_set_rate_limit", { weights_set_rate_limit: 0n });
    await subnet.#root("sudo_set_serving_rate_limit", { serving_rate_limit: 0n });
    await subnet.#root("sudo_set_tempo", { tempo: TEMPO }); // last: it restarts the epoch clock
    await subnet.block();
    return subnet;
  }

  /** @param ports - By uid; whoever is left out stays where it is. */
  async announce(ports: ReadonlyMap<number, number>): Promise<void> {
    for (const [uid, port] of ports) {
      await this.#sender.send(sweepKey(uid), "SubtensorModule", "serve_axon", {
        ...{ netuid: this.netuid, version: 1, ip: LOOPBACK, port, ip_type: 6, protocol: 4 },
        ...{ placeholder1: 0, placeholder2: 0 },
      });
    }
    await this.block();
  }

  async block(): Promise<void> {
    await this.#chain.call("dev_newBlock");
  }

  async #root(name: string, args: Record<string, unknown>): Promise<void> {
    await this.#sender.root(name, { netuid: this.netuid, ...args });
  }
}
