import { Keypair } from "../../shared/keys/keypair.ts";
import type { Netuid } from "../../shared/types.ts";
import { CLIENT_COLDKEY, type InteropChain } from "./interop-chain.ts";
import { compareMetagraph } from "./metagraph-columns.ts";
import { expect, StepFailure } from "./outcome.ts";
import type { PythonSession } from "./python-session.ts";
import type { ClientSteps } from "./steps.ts";
import { type Keys, PASSWORD, sameKeys, type WalletFolder } from "./wallet-folder.ts";
import { btauthSteps, v10Steps } from "./wire-steps.ts";

/** A client waits for a block and its finalization in most steps; four blocks pass in a second. */
const STEP_TIMEOUT_MS = 60_000;
/** Argon2 with 512 MB. */
const WALLET_TIMEOUT_MS = 120_000;
const NEURON = "miner";
const WEIGHTS = { uids: [1, 2], weights: [0.75, 0.25] };
const SALT = [1, 2, 3, 4, 5, 6, 7, 8];
const RAO = 1e9;

/** Both SDKs do the same steps, each in a Python file of its own. */
export function sdkSteps(
  client: "sdk10" | "sdk11",
  session: PythonSession,
  world: InteropChain,
  wallets: WalletFolder,
): ClientSteps {
  const { chain, netuid, node } = world;
  const coldkey = Keypair.fromUri(CLIENT_COLDKEY);
  const neuron = Keypair.fromUri(`${CLIENT_COLDKEY}//${NEURON}`);
  let own: Netuid | undefined;

  const ask = async <T>(step: string, args: Record<string, unknown> = {}, timeoutMs = STEP_TIMEOUT_MS) => {
    const answer = await session.ask(step, { netuid, hotkey: NEURON, ...args }, timeoutMs);
    if (!answer.ok) throw new StepFailure(answer.reason);
    return answer.value as T;
  };
  const uid = async () => {
    const { neurons } = await chain.metagraph(netuid);
    const found = neurons.find(({ hotkey }) => hotkey === neuron.address);
    expect(found !== undefined, "the neuron is not registered");
    return found.uid;
  };
  const walletArgs = (name: string) => ({ name, hotkey: "default", wallets: wallets.path });
  const stored = async () => (await chain.weights(netuid, await uid())).values.join(":");

  return {
    connect: async () => {
      await wallets.writeDevWallet("interop", CLIENT_COLDKEY, ["owner", NEURON]);
      const { spec } = await ask<{ spec: number }>("connect", {
        endpoint: node.endpoint,
        wallets: wallets.path,
      });
      expect(spec === chain.identity.specVersion, `spec ${spec}, not ${chain.identity.specVersion}`);
      return `spec ${spec}`;
    },
    block: async () => `${await ask<number>("block")} blocks`,
    balance: async () => {
      const rao = await ask<number>("balance", { address: Keypair.fromUri("//Ferdie").address });
      expect(rao === 2_000 * RAO, `//Ferdie has 2000 TAO, not ${rao / RAO}`);
      return "2000 TAO";
    },
    subnetList: async () => {
      const subnets = await ask<[number, string, number][]>("subnet_list");
      expect(subnets.map(([id]) => id).includes(netuid), `subnet ${netuid} is missing`);
      expect(
        subnets.every(([id, , price]) => id === 0 || price > 0),
        "a price is 0",
      );
      return `${subnets.length} subnets`;
    },
    subnetShow: async () => {
      const subnet = await ask<{ owner: string; neurons: number }>("subnet_show");
      expect(subnet.owner === Keypair.fromUri("//Alice").address, `its owner is not ${subnet.owner}`);
      return `${subnet.neurons} neurons`;
    },
    createSubnet: async () => {
      const ids = await ask<number[]>("create_subnet");
      own = Math.max(...ids);
      expect(own > netuid, `no subnet beyond ${netuid}`);
      return `netuid ${own}`;
    },
    startSubnet: async () => {
      expect(own !== undefined, "no subnet was created");
      await ask("start_subnet", { netuid: own });
      return `netuid ${own}`;
    },
    register: async () => {
      const got = await ask<number>("register");
      expect(got === (await uid()), `uid ${got}, not ${await uid()}`);
      return `uid ${got}`;
    },
    stakeAdd: async () => {
      const rao = await ask<number>("stake_add", { tao: 1_000, safe: false });
      expect(rao > 0, "there is no stake");
      return `${(rao / RAO).toFixed(2)} alpha`;
    },
    stakeAddSafe: async () => {
      const rao = await ask<number>("stake_add", { tao: 10, safe: true });
      return `${(rao / RAO).toFixed(2)} alpha`;
    },
    stakeList: async () => {
      const { stakes } = await ask<{ stakes: [number, number][] }>("delegates");
      expect(
        stakes.some(([id, rao]) => id === netuid && rao > 0),
        "the stake is missing",
      );
      return `${stakes.length} stakes`;
    },
    stakeRemove: async () => {
      const before = await ask<number>("wallet_balance"); // the stake itself grows while a validator earns
      await ask("stake_remove", { alpha: 2, safe: false });
      await ask("stake_remove", { alpha: 0.01, safe: true });
      const gained = (await ask<number>("wallet_balance")) - before;
      expect(gained > 0, "the balance did not grow");
      return `${(gained / RAO).toFixed(2)} TAO`;
    },
    serveAxon: async () => {
      await ask("serve_axon", { ip: "192.168.1.10", port: 8091 });
      const { neurons } = await chain.metagraph(netuid);
      const { axon } = neurons[await uid()]!;
      expect(axon?.ip === "192.168.1.10" && axon.port === 8091, `the chain has ${axon?.ip}:${axon?.port}`);
      return "192.168.1.10:8091";
    },
    metagraph: async () => {
      await world.passEpoch();
      await world.pause();
      try {
        const theirs = await ask<Record<string, unknown>>("metagraph");
        return compareMetagraph(await chain.metagraph(netuid), theirs);
      } finally {
        await world.resume();
      }
    },
    setWeights: async () => {
      await ask("set_weights", WEIGHTS);
      expect((await stored()) === "65535:21845", `the chain has ${await stored()}`);
      return await stored();
    },
    commitReveal: async () => {
      await world.sudo("sudoSetCommitRevealWeightsEnabled", { netuid, enabled: true });
      const others = { ...WEIGHTS, weights: [65_535, 65_535], salt: SALT };
      await world.passEpoch();
      await ask("commit_hash", others);
      await world.passEpoch();
      await ask("reveal_hash", others);
      expect((await stored()) === "65535:65535", `the chain has ${await stored()}`);
      return await stored();
    },
    commitTimelock: async () => {
      const commits = await ask<number>("commit_timelock", WEIGHTS);
      expect(commits > 0, "the chain has no commit");
      return "accepted; it opens with a pulse of the public beacon, which a local chain does not have";
    },
    commitment: async () => {
      const text = await ask<string>("set_commitment", { text: "hello from interop", uid: await uid() });
      expect(text === "hello from interop", `it reads ${JSON.stringify(text)}`);
      return JSON.stringify(text);
    },
    hyperparameters: async () => {
      const { tempo } = await ask<{ tempo: number }>("hyperparameters");
      expect(tempo === (await chain.subnetRules(netuid)).tempo, `tempo ${tempo}`);
      return `tempo ${tempo}`;
    },
    delegates: async () => {
      const found = await ask<{ delegates: number; delegated: number }>("delegates");
      return `${found.delegates} delegates, ${found.delegated} used`;
    },
    walletBalance: async () => {
      const rao = await ask<number>("wallet_balance");
      expect(rao > 0, "the balance is 0");
      return `${(rao / RAO).toFixed(2)} TAO`;
    },
    transfer: async () => {
      const to = Keypair.fromUri("//Nobody").address;
      const rao = await ask<number>("transfer", { to, tao: 12.5 });
      expect(rao === 12.5 * RAO, `//Nobody has ${rao / RAO} TAO`);
      return `${coldkey.address.slice(0, 6)}… to ${to.slice(0, 6)}…: 12.5 TAO`;
    },
    ...(client === "sdk10" ? v10Steps : btauthSteps)(ask, world, NEURON, wallets.path),
    walletTheirs: async () => {
      const made = await ask<Keys>("wallet_create", {
        ...walletArgs("theirs"),
        password: null,
      });
      return wallets.opensHere("theirs", made);
    },
    walletOurs: async () => {
      const made = await wallets.create("ours");
      const opened = await ask<Keys>("wallet_open", { ...walletArgs("ours"), password: null });
      return sameKeys(made, opened);
    },
    walletTheirsEncrypted: async () => {
      const args = { ...walletArgs("theirs-encrypted"), password: PASSWORD };
      const made = await ask<Keys>("wallet_create", args, WALLET_TIMEOUT_MS);
      return wallets.opensHere("theirs-encrypted", made, PASSWORD);
    },
    walletOursEncrypted: async () => {
      const made = await wallets.create("ours-encrypted", PASSWORD);
      const args = { ...walletArgs("ours-encrypted"), password: PASSWORD };
      return sameKeys(made, await ask<Keys>("wallet_open", args, WALLET_TIMEOUT_MS));
    },
  };
}
