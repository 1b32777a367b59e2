import { type Command, networkOptions, walletOptions, writeOptions } from "../options.ts";

const options = {
  ...networkOptions,
  ...walletOptions,
  ...writeOptions,
  netuid: { type: "number", demandOption: true, describe: "Number of the subnet" },
  "hotkey-address": {
    type: "string",
    describe: "Address of another hotkey; default: that of the wallet, with --dev-key its //hotkey",
  },
} as const;

/** `subforge register` */
export const register: Command<typeof options> = {
  command: "register",
  describe: "Give a hotkey a uid on a subnet for the price of now; prints its plan first",
  builder: options,
  handler: async (args) => {
    const { registerHotkey } = await import("../register-hotkey.ts");
    await registerHotkey(args);
  },
};
