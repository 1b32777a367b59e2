import { SubforgeError } from "../../shared/errors.ts";
import { type Command, type CommandGroup, networkOptions, walletOptions, writeOptions } from "../options.ts";

const netuid = { type: "number", demandOption: true, describe: "Number of the subnet" } as const;
const hotkeyAddress = {
  type: "string",
  describe: "Address of another hotkey; default: that of the wallet, with --dev-key its //hotkey",
} as const;

const readOptions = { ...networkOptions, netuid } as const;

const registerOptions = {
  ...networkOptions,
  ...walletOptions,
  ...writeOptions,
  "hotkey-address": hotkeyAddress,
} as const;

const startOptions = { ...networkOptions, ...walletOptions, ...writeOptions, netuid } as const;

const hyperparameterOptions = {
  ...networkOptions,
  ...walletOptions,
  ...writeOptions,
  netuid,
  action: { type: "string", choices: ["list", "set"], default: "list", describe: "list, or set one" },
  name: { type: "string", describe: "set: which one" },
  value: { type: "string", describe: "set: to what" },
} as const;

/** `subforge subnet register` */
const subnetRegister: Command<typeof registerOptions> = {
  command: "register",
  describe: "Register a new subnet for the price of now; prints its plan first",
  builder: registerOptions,
  handler: async (args) => {
    const { registerSubnet } = await import("../subnet/register-subnet.ts");
    await registerSubnet(args);
  },
};

/** `subforge subnet start` */
const subnetStart: Command<typeof startOptions> = {
  command: "start",
  describe: "Start your subnet, so that it takes part in emission; prints its plan first",
  builder: startOptions,
  handler: async (args) => {
    const { startSubnet } = await import("../subnet/start-subnet.ts");
    await startSubnet(args);
  },
};

/** `subforge subnet info` */
const subnetInfo: Command<typeof readOptions> = {
  command: "info",
  describe: "Who owns a subnet, what joining costs, when its next epoch is",
  builder: readOptions,
  handler: async (args) => {
    const { showSubnet } = await import("../subnet/show-subnet.ts");
    await showSubnet(args);
  },
};

/** `subforge subnet hyperparams [action] [name] [value]` */
const subnetHyperparams: Command<typeof hyperparameterOptions> = {
  command: "hyperparams [action] [name] [value]",
  describe: "List the rules of a subnet, or set one as its owner",
  builder: hyperparameterOptions,
  handler: async (args) => {
    if (args.action === "set") {
      const { setHyperparameter } = await import("../subnet/set-hyperparameter.ts");
      await setHyperparameter({ ...args, name: args.name, value: args.value });
      return;
    }
    if (args.name !== undefined) {
      const problem = `list takes no name; to set one: set ${args.name} VALUE`;
      throw new SubforgeError("CLI_USAGE", { problem, command: "subnet hyperparams" });
    }
    const { listHyperparameters } = await import("../subnet/list-hyperparameters.ts");
    await listHyperparameters(args);
  },
};

/** `subforge subnet lint` */
const subnetLint: Command<typeof readOptions> = {
  command: "lint",
  describe: "Find the settings of a subnet that hurt; ends with 9 when one is an error",
  builder: readOptions,
  handler: async (args) => {
    const { runLint } = await import("../subnet/run-lint.ts");
    process.exitCode = await runLint(args);
  },
};

export const subnetCommands: CommandGroup = {
  group: "subnet",
  describe: "Subnets on chain: register, look at, set up and check them",
  commands: [subnetRegister, subnetStart, subnetInfo, subnetHyperparams, subnetLint],
};
