import { SubforgeError } from "../../shared/errors.ts";
import {
  type Command,
  type CommandGroup,
  passwordOptions,
  signerOptions,
  walletOptions,
} from "../options.ts";

const { wallet, hotkey, "wallet-path": walletPath } = walletOptions;
const place = { wallet, hotkey, "wallet-path": walletPath } as const;

const overwrite = {
  type: "boolean",
  default: false,
  describe: "Replace a key of this name. What the old one owns is lost without a copy",
} as const;

const createOptions = {
  ...place,
  ...passwordOptions,
  words: { choices: [12, 15, 18, 21, 24], default: 12, describe: "Words of a new mnemonic" },
  encrypt: {
    type: "boolean",
    default: true,
    describe: "Encrypt the coldkey; --no-encrypt writes it in the clear",
  },
  overwrite: { ...overwrite, describe: "Replace the hotkey; a coldkey is never replaced here" },
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

const importOptions = {
  key: { type: "string", demandOption: true, describe: "coldkey or hotkey" },
  ...place,
  "mnemonic-file": {
    type: "string",
    describe: "File with the mnemonic; without a source it is read from stdin",
  },
  "mnemonic-fd": { type: "number", describe: "Descriptor to read the mnemonic from, as in 3<words" },
  "bip39-password-file": {
    type: "string",
    describe: "File with the BIP39 password of the mnemonic, if it has one",
  },
  "seed-file": { type: "string", describe: "File with the seed, 64 hex digits" },
  "json-file": { type: "string", describe: "Account exported by polkadot.js or a browser extension" },
  "json-password-file": { type: "string", describe: "File with the password of that export" },
  "public-key": { type: "string", describe: "Write the public half only: 0x and 64 hex digits" },
  ss58: { type: "string", describe: "Write the public half only: its address" },
  ...passwordOptions,
  encrypt: {
    type: "boolean",
    describe: "Encrypt the file; default: coldkeys are encrypted, hotkeys are not",
  },
  overwrite,
} as const;

const unlockOptions = {
  key: { type: "string", default: "hotkey", describe: "coldkey or hotkey" },
  ...place,
  ...passwordOptions,
  "allow-unsafe-keyfile": walletOptions["allow-unsafe-keyfile"],
  ...signerOptions,
  upgrade: {
    type: "boolean",
    default: false,
    describe: "Write a file in an encryption of before 2024 again in the current one, same password",
  },
} as const;

const signerServerOptions = {
  key: { type: "string", default: "coldkey", describe: "coldkey or hotkey" },
  ...place,
  ...passwordOptions,
  "allow-unsafe-keyfile": walletOptions["allow-unsafe-keyfile"],
  socket: { type: "string", demandOption: true, describe: "Path of the socket to listen on" },
} as const;

const signOptions = {
  text: { type: "string", demandOption: true, describe: "What to sign; hex after 0x is signed in a wrapper" },
  key: { choices: ["coldkey", "hotkey"], default: "hotkey", describe: "Which key signs" },
  ...place,
  ...passwordOptions,
  "dev-key": walletOptions["dev-key"],
  "allow-unsafe-keyfile": walletOptions["allow-unsafe-keyfile"],
} as const;

const verifyOptions = {
  text: { type: "string", demandOption: true, describe: "What was signed" },
  signature: { type: "string", demandOption: true, describe: "0x and 128 hex digits" },
  ss58: { type: "string", demandOption: true, describe: "Address of who is said to have signed" },
} as const;

const permsOptions = {
  "wallet-path": walletPath,
  fix: { type: "boolean", default: false, describe: "Set the modes 600 and 700 where they are too open" },
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
    const keys = (await createWallet(args)).map(({ mnemonic, ...key }) => {
      const shown = args.printMnemonic || (process.stdout.isTTY === true && !args.json);
      return shown && mnemonic ? { ...key, mnemonic: mnemonic.revealText() } : key;
    });
    createOutput(args).result(
      { keys },
      keys.flatMap((key) => [
        `${key.kind}  ${key.address}  ${key.path}`,
        ...("mnemonic" in key ? [`         mnemonic, shown only now: ${key.mnemonic}`] : []),
      ]),
    );
    if (!args.json) process.stderr.write("keep a copy of the files and mnemonics where nobody else comes\n");
  },
};

/** `subforge wallet import` */
const walletImport: Command<typeof importOptions> = {
  command: "import <key>",
  describe: "Write a coldkey or hotkey from a mnemonic, a seed, an export of polkadot.js, or its public half",
  builder: importOptions,
  handler: async (args) => {
    const { importWallet } = await import("../import-wallet.ts");
    const { createOutput } = await import("../output.ts");
    const key = await importWallet(args);
    const state = key.path.endsWith("pub.txt") ? "public only" : key.encrypted ? "encrypted" : "in the clear";
    createOutput(args).result({ key }, [`${key.kind}  ${key.address}  ${key.path}  ${state}`]);
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

/** `subforge wallet unlock-test` */
const walletUnlockTest: Command<typeof unlockOptions> = {
  command: "unlock-test [key]",
  describe: "Open a keyfile as a service would: which password is used, does it open, how long does it take",
  builder: unlockOptions,
  handler: async (args) => {
    const key = keyKind(args.key, "wallet unlock-test");
    if (args.signer !== undefined) {
      const { loadExternalSigner } = await import("../chain-signer.ts");
      const { testSigner } = await import("../unlock-test.ts");
      const { createOutput } = await import("../output.ts");
      const report = await testSigner(await loadExternalSigner({ ...args, signer: args.signer }, key));
      createOutput(args).result({ signer: args.signer, ...report }, [
        `signs  ${report.address}  ${args.signer}  ${report.elapsedMs} ms`,
      ]);
      return;
    }
    if (key === "hotkey") {
      const { assertOpenable } = await import("../assert-openable.ts");
      await assertOpenable({ ...args, devKey: undefined });
    }
    const { testUnlock } = await import("../unlock-test.ts");
    const { createOutput } = await import("../output.ts");
    const report = await testUnlock({ ...args, key });
    const { path, address, scheme, format, canSign, passwordFrom, elapsedMs, upgraded } = report;
    const isOld = format === "ansible-vault" || format === "fernet";
    createOutput(args).result(report, [
      `opens  ${address}  ${path}`,
      `       ${scheme}, ${canSign ? "can sign" : "public only"}, ${format}, ${elapsedMs} ms`,
      `       password: ${passwordFrom ?? "none is needed"}`,
      ...(upgraded ? ["       written again in the current encryption"] : []),
      ...(isOld && !upgraded ? [`       ${format} is read only: write it again with --upgrade`] : []),
    ]);
  },
};

/** `subforge wallet signer` */
const walletSigner: Command<typeof signerServerOptions> = {
  command: "signer [key]",
  describe: "Sign calls for subforge on another host, through a socket; asks before each one, unless --yes",
  builder: signerServerOptions,
  handler: async (args) => {
    const key = keyKind(args.key, "wallet signer");
    const { runSigner } = await import("../run-signer.ts");
    const { onShutdown } = await import("../output.ts");
    await runSigner({ ...args, key }, onShutdown());
  },
};

/** `subforge wallet sign` */
const walletSign: Command<typeof signOptions> = {
  command: "sign <text>",
  describe: "Sign a text, to show that you hold a key",
  builder: signOptions,
  handler: async (args) => {
    const { signWithKey } = await import("../sign-text.ts");
    const { createOutput } = await import("../output.ts");
    const { address, signature } = await signWithKey({ ...args, key: keyKind(args.key, "wallet sign") });
    createOutput(args).result({ text: args.text, address, signature }, [address, signature]);
  },
};

/** `subforge wallet verify` */
const walletVerify: Command<typeof verifyOptions> = {
  command: "verify <text>",
  describe: "Check who signed a text, with subforge, btcli or a browser extension",
  builder: verifyOptions,
  handler: async (args) => {
    const { verifySigned } = await import("../sign-text.ts");
    const { createOutput } = await import("../output.ts");
    const { text, signature, ss58 } = args;
    await verifySigned(args);
    createOutput(args).result({ valid: true, text, address: ss58, signature }, [`signed by ${ss58}`]);
  },
};

/** `subforge wallet perms` */
const walletPerms: Command<typeof permsOptions> = {
  command: "perms",
  describe: "Check owners, modes and links of all keyfiles; --fix sets modes",
  builder: permsOptions,
  handler: async (args) => {
    const { checkPermissions } = await import("../wallet-permissions.ts");
    const { createOutput } = await import("../output.ts");
    const findings = await checkPermissions(args.walletPath, args);
    const left = findings.filter(({ fixed }) => !fixed);
    const lines = findings.map(({ path, problem, mend, fixed }) =>
      fixed ? `fixed  ${path}: ${problem}` : `wrong  ${path}: ${problem}\n       ${mend}`,
    );
    const output = createOutput(args);
    if (left.length === 0)
      return output.result({ findings }, [...lines, "ok     nobody else can read or swap a key"]);
    for (const line of lines) output.line(line);
    throw new SubforgeError("WALLET_UNSAFE_FOLDER", { folder: args.walletPath, problems: left.length });
  },
};

export const walletCommands: CommandGroup = {
  group: "wallet",
  describe: "Keys: create, import, list and check, in the layout of btcli",
  commands: [
    walletCreate,
    walletImport,
    walletList,
    walletUnlockTest,
    walletPerms,
    walletSign,
    walletVerify,
    walletSigner,
  ],
};

function keyKind(key: string, command: string): "coldkey" | "hotkey" {
  if (key === "coldkey" || key === "hotkey") return key;
  throw new SubforgeError("CLI_USAGE", { problem: `a wallet has a coldkey and hotkeys, no ${key}`, command });
}
