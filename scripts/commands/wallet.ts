import { type Command, type CommandGroup, walletOptions } from "../options.ts";

const { wallet, hotkey, "wallet-path": walletPath } = walletOptions;

const createOptions = {
  wallet,
  hotkey,
  "wallet-path": walletPath,
  "password-file": { type: "string", describe: "File that holds the password for the new coldkey" },
  encrypt: {
    type: "boolean",
    default: true,
    describe: "Encrypt the coldkey; --no-encrypt writes it in the clear",
  },
  "dev-key": {
    type: "string",
    describe: "Write a development key such as //Alice, in the clear, instead of making new ones",
  },
  "print-mnemonic": {
    type: "boolean",
    default: false,
    describe: "Print the mnemonics even when stdout is no terminal",
  },
} as const;

const listOptions = { "wallet-path": walletPath } as const;

/** `subforge wallet create` */
const walletCreate: Command<typeof createOptions> = {
  command: "create",
  describe: "Make a coldkey and a hotkey, or another hotkey of a wallet",
  builder: createOptions,
  handler: async (args) => {
    const { createWallet } = await import("../create-wallet.ts");
    const { createOutput } = await import("../output.ts");
    const created = await createWallet(args);
    const shown = args.printMnemonic || (process.stdout.isTTY === true && !args.json);
    createOutput(args).result(
      { keys: created.map(({ mnemonic, ...key }) => (shown && mnemonic ? { ...key, mnemonic } : key)) },
      created.flatMap(({ kind, path, address, mnemonic }) => [
        `${kind}  ${address}  ${path}`,
        ...(shown && mnemonic ? [`         mnemonic, shown only now: ${mnemonic}`] : []),
      ]),
    );
    if (!args.json) process.stderr.write("keep a copy of the files and mnemonics where nobody else comes\n");
  },
};

/** `subforge wallet list` */
const walletList: Command<typeof listOptions> = {
  command: "list",
  describe: "List wallets, their hotkeys and addresses",
  builder: listOptions,
  handler: async (args) => {
    const { describeWallets } = await import("../list-wallets.ts");
    const { createOutput, table } = await import("../output.ts");
    const keys = await describeWallets(args.walletPath);
    const rows = keys.map((key) => [key.wallet, key.kind, key.name, key.address ?? "?", key.state]);
    createOutput(args).result(
      { keys },
      keys.length > 0
        ? table([["wallet", "key", "name", "address", "state"], ...rows])
        : [`no wallet in ${args.walletPath}; make one: subforge wallet create`],
    );
  },
};

export const walletCommands: CommandGroup = {
  group: "wallet",
  describe: "Keys: create and list, in the layout of btcli",
  commands: [walletCreate, walletList],
};
