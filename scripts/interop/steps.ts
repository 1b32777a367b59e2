/** The acceptance checklist, in the order in which a newcomer does it: each step builds on those before. */
export const STEPS = {
  connect: "connect",
  block: "follow blocks",
  balance: "read a balance",
  subnetList: "list subnets",
  subnetShow: "show a subnet",
  createSubnet: "create a subnet",
  startSubnet: "start it",
  register: "register a neuron",
  stakeAdd: "add stake",
  stakeAddSafe: "add stake within a price limit",
  stakeList: "list stakes",
  stakeRemove: "remove stake",
  serveAxon: "serve an axon",
  metagraph: "metagraph, all values as ours",
  setWeights: "set weights",
  commitReveal: "commit weights by hash and reveal",
  commitTimelock: "commit weights by timelock",
  commitment: "set and get a commitment",
  hyperparameters: "hyperparameters",
  delegates: "delegates and stakes",
  walletBalance: "balance of a wallet",
  transfer: "transfer",
  theyAsk: "their signed question to our axon",
  theyAskBadly: "their bad questions are refused here",
  weAsk: "our signed question to their axon",
  weAskBadly: "our bad questions are refused there",
  walletTheirs: "their wallet opens here",
  walletOurs: "our wallet opens there",
  walletTheirsEncrypted: "their encrypted wallet opens here",
  walletOursEncrypted: "our encrypted wallet opens there",
} as const;

export type Step = keyof typeof STEPS;

/** What a client does for each step it has; it returns what it saw. A reason stands for a step it does not have. */
export type ClientSteps = Record<Step, (() => Promise<string>) | { missing: string }>;
