/** The likely cause of each error, in one or two sentences: what a stranger needs and the message has no room for. */
export const CAUSES: Record<string, string> = {
  CLI_USAGE:
    "The command line names a command, flag or value that does not exist, or leaves out one that is needed.",
  CONFIG_INVALID:
    "A value from a file, flag or variable is outside what is allowed. All problems are listed at once.",
  TENSOR_INVALID:
    "The number of values does not fit the shape, or a dimension is negative, fractional or far too large.",
  CHAIN_UNREACHABLE: "No node listens at that address, a firewall is in between, or the node went away.",
  CHAIN_TIMEOUT:
    "The node accepted the connection and then did not answer in time: it is overloaded, syncing or stuck.",
  WALLET_DEV_KEY_REFUSED:
    "Development keys such as //Alice are public knowledge: whoever wants can sign with them.",
  WALLET_BAD_SECRET: "The text is no mnemonic with a right checksum, no 32-byte seed and no secret URI.",
  BENCH_USAGE: "The benchmark does not exist, or none was named.",
  BUILD_MISSING: "The command runs from a source folder whose dist/ was never built, or was deleted.",
  INTERNAL: "A mistake in this project: something happened that no part of it expected.",
};
