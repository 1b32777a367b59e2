import { Keypair } from "../../shared/keys/keypair.ts";
import type { Netuid } from "../../shared/types.ts";
import type { Btcli } from "./btcli.ts";
import { CLIENT_COLDKEY, type InteropChain } from "./interop-chain.ts";
import { compareMetagraph } from "./metagraph-columns.ts";
import { expect, NotAvailable, StepFailure } from "./outcome.ts";
import type { PythonSession } from "./python-session.ts";
import type { ClientSteps } from "./steps.ts";
import { type Keys, PASSWORD, sameKeys, type WalletFolder } from "./wallet-folder.ts";

const NEURON = "miner";
const NO_SIGNED_HTTP = { missing: "it asks no miners" };
/** Argon2 with 512 MB. */
const WALLET_TIMEOUT_MS = 120_000;
/** What `subnets create` demands beside a name. */
const IDENTITY = [
  ["--subnet-name", "Interop"],
  ["--github-repo", "https://github.com/example/interop"],
  ["--subnet-contact", "interop@example.com"],
  ["--subnet-url", "https://example.com"],
  ["--discord-handle", "interop"],
  ["--description", "made by a test"],
  ["--logo-url", "https://example.com/logo.png"],
  ["--additional-info", "none"],
].flat();
const WEIGHTS = ["--uids", "1,2", "--weights", "0.5,0.5", "--salt", "1,2,3,4,5,6,7,8"];

/** @param library - Answers for the wallets that btcli itself opens with a password typed on a terminal only. */
export function btcliSteps(
  btcli: Btcli,
  library: PythonSession,
  world: InteropChain,
  wallets: WalletFolder,
): ClientSteps {
  const { chain, netuid, node } = world;
  const network = ["--network", node.endpoint];
  const subnet = ["--netuid", String(netuid)];
  const place = ["--wallet-path", wallets.path];
  const asOwner = ["--wallet-name", "interop", "--hotkey", "owner", ...place, ...network, "--no-prompt"];
  const asNeuron = ["--wallet-name", "interop", "--hotkey", NEURON, ...place, ...network, "--no-prompt"];
  const neuron = Keypair.fromUri(`${CLIENT_COLDKEY}//${NEURON}`).address;
  const safely = ["--safe", "--tolerance", "0.5", "--no-mev-protection"];
  let own: Netuid | undefined;

  const uid = async () => {
    const { neurons } = await chain.metagraph(netuid);
    const found = neurons.find(({ hotkey }) => hotkey === neuron);
    expect(found !== undefined, "the neuron is not registered");
    return found.uid;
  };
  const balanceOf = async (...words: string[]) => {
    const { balances } = await btcli.json<Balances>("wallet", "balance", ...words, ...network);
    return Object.values(balances)[0]?.free ?? 0;
  };
  const stakes = async () => {
    const words = ["stake", "list", ...asNeuron];
    const { stake_info } = await btcli.json<{ stake_info: Record<string, Stake[]> }>(...words);
    return stake_info[neuron]?.find((stake) => stake.netuid === netuid)?.stake_value ?? 0;
  };
  const addStake = async (...how: string[]) => {
    const words = ["stake", "add", ...subnet, ...asNeuron, ...how];
    const { staking_success, error_messages } = await btcli.json<Added>(...words);
    expect(staking_success[netuid]?.[neuron] === true, `${error_messages[netuid]?.[neuron]}`);
    return `${(await stakes()).toFixed(2)} alpha`;
  };
  const removeStake = async (...how: string[]) => {
    const words = ["stake", "remove", ...subnet, "--hotkey-ss58-address", neuron, ...asNeuron, ...how];
    const [result] = await btcli.json<{ success: boolean; err_msg?: string }[]>(...words);
    expect(result?.success === true, result?.err_msg ?? "it failed without a message");
  };
  const succeeds = async (...words: string[]) => {
    const result = await btcli.json<Success>(...words);
    expect(result.success, result.msg ?? result.message ?? result.error ?? "it failed without a message");
    return result;
  };

  return {
    connect: async () => {
      const { burn_cost } = await btcli.json<{ burn_cost: { tao: number } }>(
        "subnets",
        "burn-cost",
        ...network,
      );
      return `a subnet costs ${burn_cost.tao.toFixed(0)} TAO`;
    },
    block: { missing: "it has no command that follows blocks" },
    balance: async () => {
      const tao = await balanceOf("--ss58", Keypair.fromUri("//Ferdie").address);
      expect(tao === 2_000, `//Ferdie has 2000 TAO, not ${tao}`);
      return "2000 TAO";
    },
    subnetList: async () => {
      const { subnets } = await btcli.json<{ subnets: Record<string, { price: number }> }>(
        "subnets",
        "list",
        ...network,
      );
      expect((subnets[netuid]?.price ?? 0) > 0, `subnet ${netuid} has no price`);
      return `${Object.keys(subnets).length} subnets`;
    },
    subnetShow: async () => {
      const shown = await btcli.json<{ owner: string; uids: unknown[] }>(
        "subnets",
        "show",
        ...subnet,
        ...network,
        "--no-prompt",
      );
      expect(shown.owner === Keypair.fromUri("//Alice").address, `its owner is not ${shown.owner}`);
      return `${shown.uids.length} neurons`;
    },
    createSubnet: async () => {
      await wallets.writeDevWallet("interop", CLIENT_COLDKEY, ["owner", NEURON]);
      const made = await succeeds("subnets", "create", ...IDENTITY, ...asOwner, "--no-mev-protection");
      own = made.netuid;
      return `netuid ${own}`;
    },
    startSubnet: async () => {
      expect(own !== undefined, "no subnet was created");
      await btcli.text("subnets", "start", "--netuid", String(own), ...asOwner);
      return `netuid ${own}`;
    },
    register: async () => {
      const { msg } = await succeeds("subnets", "register", ...subnet, ...asNeuron);
      return `${msg}`.includes(String(await uid())) ? `uid ${await uid()}` : `${msg}`;
    },
    stakeAdd: () => addStake("--amount", "1000", "--unsafe", "--no-mev-protection"),
    stakeAddSafe: () => addStake("--amount", "10", ...safely),
    stakeList: async () => {
      expect((await stakes()) > 0, "the stake is missing");
      return `${(await stakes()).toFixed(2)} alpha`;
    },
    stakeRemove: async () => {
      const owned = () => balanceOf("--wallet-name", "interop", ...place);
      const before = await owned(); // the stake itself grows while a validator earns
      await removeStake("--amount", "2", "--unsafe", "--no-mev-protection");
      await removeStake("--amount", "0.01", ...safely);
      const gained = (await owned()) - before;
      expect(gained > 0, "the balance did not grow");
      return `${gained.toFixed(2)} TAO`;
    },
    serveAxon: async () => {
      await btcli.text("axon", "set", ...subnet, "--ip", "192.168.1.10", "--port", "8091", ...asNeuron);
      const { axon } = (await chain.metagraph(netuid)).neurons[await uid()]!;
      expect(axon?.ip === "192.168.1.10" && axon.port === 8091, `the chain has ${axon?.ip}:${axon?.port}`);
      return "192.168.1.10:8091";
    },
    metagraph: async () => {
      await world.passEpoch();
      await world.pause();
      try {
        const { uids } = await btcli.json<{ uids: ShownNeuron[] }>(
          "subnets",
          "show",
          ...subnet,
          ...network,
          "--no-prompt",
        );
        const rows = [...uids].sort((a, b) => a.uid - b.uid);
        return compareMetagraph(await chain.metagraph(netuid), {
          uid: rows.map((row) => row.uid),
          hotkey: rows.map((row) => row.hotkey),
          coldkey: rows.map((row) => row.coldkey),
          stakeTao: rows.map((row) => row.stake),
          incentive: rows.map((row) => row.incentive),
          dividends: rows.map((row) => row.dividends),
        });
      } finally {
        await world.resume();
      }
    },
    setWeights: { missing: "it only commits and reveals" },
    commitReveal: async () => {
      await world.sudo("sudoSetCommitRevealWeightsEnabled", { netuid, enabled: true });
      await world.passEpoch();
      // Without JSON, because that hides why it fails.
      await btcli.text("weights", "commit", ...subnet, ...WEIGHTS, ...asNeuron).catch(asOwnFault);
      await world.passEpoch();
      await btcli.text("weights", "reveal", ...subnet, ...WEIGHTS, ...asNeuron);
      const stored = (await chain.weights(netuid, await uid())).values.join(":");
      expect(stored === "65535:65535", `the chain has ${stored}`);
      return stored;
    },
    commitTimelock: { missing: "it commits hashes only" },
    commitment: { missing: "it has no command for commitments" },
    hyperparameters: async () => {
      const rules = await btcli.json<{ hyperparameter: string; value: unknown }[]>(
        "subnets",
        "hyperparameters",
        ...subnet,
        ...network,
      );
      const tempo = rules.find(({ hyperparameter }) => hyperparameter === "tempo")?.value;
      expect(tempo === (await chain.subnetRules(netuid)).tempo, `tempo ${tempo}`);
      return `${rules.length} of them, tempo ${tempo}`;
    },
    delegates: async () => {
      const words = [
        "sudo",
        "get-take",
        "--wallet-name",
        "interop",
        "--hotkey",
        NEURON,
        ...place,
        ...network,
      ];
      const { current_take } = await btcli.json<{ current_take: number }>(...words);
      expect(Math.abs(current_take - 0.18) < 1e-4, `a take of ${current_take}`);
      return `take ${(100 * current_take).toFixed(0)} %`;
    },
    walletBalance: async () => {
      const tao = await balanceOf("--wallet-name", "interop", ...place);
      expect(tao > 0, "the balance is 0");
      return `${tao.toFixed(2)} TAO`;
    },
    transfer: async () => {
      const to = Keypair.fromUri("//Nobody").address;
      await succeeds("wallet", "transfer", "--destination", to, "--amount", "12.5", ...asOwner);
      const tao = await balanceOf("--ss58", to);
      expect(tao === 12.5, `//Nobody has ${tao} TAO`);
      return "12.5 TAO";
    },
    theyAsk: NO_SIGNED_HTTP,
    theyAskBadly: NO_SIGNED_HTTP,
    weAsk: NO_SIGNED_HTTP,
    weAskBadly: NO_SIGNED_HTTP,
    walletTheirs: async () => {
      const words = ["--wallet-name", "theirs", "--hotkey", "default", ...place];
      const { data } = await btcli.json<{ data: { coldkey_ss58: string; hotkey_ss58: string } }>(
        "wallet",
        "create",
        ...words,
        "--n-words",
        "12",
        "--no-use-password",
      );
      return wallets.opensHere("theirs", { coldkey: data.coldkey_ss58, hotkey: data.hotkey_ss58 });
    },
    walletOurs: async () => {
      const made = await wallets.create("ours");
      const { wallets: listed } = await btcli.json<{ wallets: ListedWallet[] }>("wallet", "list", ...place);
      const found = listed.find(({ name }) => name === "ours");
      return sameKeys(made, {
        coldkey: found?.ss58_address ?? "",
        hotkey: found?.hotkeys[0]?.ss58_address ?? "",
      });
    },
    walletTheirsEncrypted: async () => {
      const made = await askLibrary(library, "wallet_create", "theirs-encrypted", wallets);
      return wallets.opensHere("theirs-encrypted", made, PASSWORD);
    },
    walletOursEncrypted: async () => {
      const made = await wallets.create("ours-encrypted", PASSWORD);
      return sameKeys(made, await askLibrary(library, "wallet_open", "ours-encrypted", wallets));
    },
  };
}

type Balances = { balances: Record<string, { free: number }> };
type Stake = { netuid: number; stake_value: number };
type Added = {
  staking_success: Record<string, Record<string, boolean>>;
  error_messages: Record<string, Record<string, string>>;
};
type Success = { success: boolean; msg?: string; message?: string; error?: string; netuid?: number };
type ListedWallet = { name: string; ss58_address: string; hotkeys: { ss58_address: string }[] };
type ShownNeuron = {
  uid: number;
  hotkey: string;
  coldkey: string;
  stake: number;
  incentive: number;
  dividends: number;
};

/** Release 9.23.2 cannot commit on any chain: it looks up a getter of the runtime as if it were a storage item. */
function asOwnFault(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  if (!text.includes('SubtensorModule.get_commit_reveal_weights_enabled" not found')) throw error;
  throw new NotAvailable(`its command asks for a storage item that no chain has: ${text}`);
}

async function askLibrary(
  library: PythonSession,
  step: string,
  name: string,
  { path }: WalletFolder,
): Promise<Keys> {
  const args = { name, hotkey: "default", wallets: path, password: PASSWORD };
  const answer = await library.ask(step, args, WALLET_TIMEOUT_MS);
  if (!answer.ok) throw new StepFailure(answer.reason);
  return answer.value as Keys;
}
