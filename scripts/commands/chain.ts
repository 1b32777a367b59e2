import { type Command, type CommandGroup, networkOptions } from "../options.ts";

const startOptions = {
  host: {
    type: "string",
    default: "127.0.0.1",
    describe: "Address to listen on; dev_* methods only on loopback",
  },
  port: { type: "number", default: 9944, describe: "Port of WebSocket and HTTP; 0: any free one" },
  "block-time": {
    type: "string",
    default: "250ms",
    describe: "250ms, 1s, 12s…; instant: a block per transaction; manual: when dev_newBlock is called",
  },
  state: {
    type: "string",
    describe: "File the chain goes on from, when it exists, and is saved to at the end",
  },
  runtime: { type: "string", describe: "File of a real runtime, whose rules the chain follows" },
  subnet: {
    type: "boolean",
    default: false,
    describe: "Make a subnet too, with a validator //Bob and a miner //Miner//1//hotkey",
  },
  tempo: { type: "number", default: 72, describe: "Blocks per epoch of that subnet" },
} as const;

/** Which chain; all commands but `start` talk to a running one. */
const where = {
  ...networkOptions,
  endpoint: { type: "string", describe: "Address of the chain, ws://… or http://…, before --network" },
} as const;

const fetchOptions = {
  ...where,
  out: { type: "string", demandOption: true, describe: "File to write" },
} as const;

const mineOptions = {
  ...where,
  blocks: { type: "string", default: "1", describe: "How many" },
} as const;

const warpOptions = {
  ...where,
  blocks: { type: "number", describe: "So many blocks ahead" },
  to: { type: "number", describe: "Up to the block of this number" },
  time: {
    type: "string",
    describe: "To a time, in one block: 2026-12-24T18:00Z, Unix milliseconds, or +90m",
  },
  epochs: { type: "number", describe: "To the start of the epoch so many ahead; with --netuid" },
  netuid: { type: "number", describe: "Subnet whose epochs are counted" },
} as const;

const idOptions = {
  ...where,
  id: { type: "string", demandOption: true, describe: "What chain snapshot printed" },
} as const;

const fileOptions = {
  ...where,
  file: { type: "string", demandOption: true, describe: "File of a chain's state" },
} as const;

const faultOptions = {
  ...where,
  kind: {
    type: "string",
    demandOption: true,
    describe:
      "drop, down, delay, 429, half-open, oversized, malformed, lose-answer, syncing, lagging, wrong-genesis, pool, reorg, stalled-finality, spec-bump, pruned; or list, or clear",
  },
  which: { type: "string", describe: "With clear: one id or kind" },
  methods: { type: "string", describe: "Only these methods, with commas between them" },
  every: { type: "number", describe: "Only each n-th request" },
  count: { type: "number", describe: "Ends after so many strikes, or blocks for a fault of the chain" },
  "duration-ms": { type: "number", describe: "Ends after this time" },
  ms: { type: "number", describe: "delay: how late, milliseconds" },
  "retry-after": { type: "number", describe: "429: seconds of the header Retry-After" },
  bytes: { type: "number", describe: "oversized: how many" },
  form: { type: "string", describe: "malformed: json for half the answer, or frame for no frame at all" },
  behind: { type: "number", describe: "syncing, stalled-finality: so many blocks" },
  blocks: { type: "number", describe: "lagging, pruned: so many blocks" },
  hash: { type: "string", describe: "wrong-genesis: the hash" },
  code: { type: "number", describe: "pool: 1002, 1010, 1011, 1012, 1013, 1014 or 1016" },
  custom: { type: "number", describe: "pool: the number behind 1010's Custom error" },
  data: { type: "string", describe: "pool: the error's own words" },
  depth: { type: "number", describe: "reorg: blocks that give way" },
  lose: { type: "boolean", describe: "reorg: their transactions are lost" },
  change: { type: "string", describe: "spec-bump: what changes: none, newtype, argument or rename" },
  "spec-version": { type: "number", describe: "spec-bump: the new version" },
} as const;

/** `subforge chain start` */
const chainStart: Command<typeof startOptions> = {
  command: "start",
  describe: "Run a Subtensor-like chain in this process",
  builder: startOptions,
  handler: async (args) => {
    const { startChain } = await import("../start-chain.ts");
    const { onShutdown } = await import("../output.ts");
    await startChain(args, onShutdown());
  },
};

/** `subforge chain fetch-runtime` */
const chainFetchRuntime: Command<typeof fetchOptions> = {
  command: "fetch-runtime",
  describe: "Save the runtime of a live chain, for chain start --runtime",
  builder: fetchOptions,
  handler: async (args) => {
    const { fetchRuntime } = await import("../fetch-runtime.ts");
    const { onShutdown } = await import("../output.ts");
    await fetchRuntime(args, onShutdown());
  },
};

/** `subforge chain mine [blocks]` */
const chainMine: Command<typeof mineOptions> = {
  command: "mine [blocks]",
  describe: "Make blocks now",
  builder: mineOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { MAX_BLOCKS, makeBlocks } = await import("../chain/make-blocks.ts");
    const { createOutput, createProgress } = await import("../output.ts");
    const { wholeNumber } = await import("../whole-number.ts");
    const count = wholeNumber("chain mine", "blocks", Number(args.blocks), 1, MAX_BLOCKS);
    const progress = createProgress();
    const made = await makeBlocks(connectDevChain(args), count, (done) =>
      progress(`${done} of ${count} blocks`),
    );
    createOutput(args).result(made, [`block ${made.block}  ${made.hash}`]);
  },
};

/** `subforge chain warp` */
const chainWarp: Command<typeof warpOptions> = {
  command: "warp",
  describe: "Move the chain ahead: blocks, a height, epochs of a subnet, or a time",
  builder: warpOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { warpChain } = await import("../chain/warp-chain.ts");
    const { createOutput, createProgress } = await import("../output.ts");
    const client = connectDevChain(args);
    const made = await warpChain(args, { client, nowMs: Date.now(), onProgress: createProgress() });
    createOutput(args).result(made, [`block ${made.block}  ${made.hash}`]);
  },
};

/** `subforge chain snapshot` */
const chainSnapshot: Command<typeof where> = {
  command: "snapshot",
  describe: "Print an id that chain revert goes back to",
  builder: where,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { blockNumber } = await import("../chain/make-blocks.ts");
    const { createOutput } = await import("../output.ts");
    const client = connectDevChain(args);
    const id = (await client.ask("dev_snapshot")) as `0x${string}`;
    createOutput(args).result({ id, block: await blockNumber(client, id) }, [id]);
  },
};

/** `subforge chain revert <id>` */
const chainRevert: Command<typeof idOptions> = {
  command: "revert <id>",
  describe: "Go back to a snapshot: later blocks are gone, and what waits is dropped",
  builder: idOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { blockNumber } = await import("../chain/make-blocks.ts");
    const { createOutput } = await import("../output.ts");
    const client = connectDevChain(args);
    const hash = (await client.ask("dev_revert", args.id)) as `0x${string}`;
    const block = await blockNumber(client, hash);
    createOutput(args).result({ block, hash }, [`block ${block}  ${hash}`]);
  },
};

/** `subforge chain dump <file>` */
const chainDump: Command<typeof fileOptions> = {
  command: "dump <file>",
  describe: "Write the whole chain to a file",
  builder: fileOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { dumpChain } = await import("../chain/carry-state.ts");
    const { createOutput } = await import("../output.ts");
    const dumped = await dumpChain(connectDevChain(args), args.file);
    createOutput(args).result(dumped, [`${dumped.path}  ${dumped.bytes} bytes`]);
  },
};

/** `subforge chain load <file>` */
const chainLoad: Command<typeof fileOptions> = {
  command: "load <file>",
  describe: "Let a running chain go on as the one in a file, of the same genesis",
  builder: fileOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { loadChain } = await import("../chain/carry-state.ts");
    const { createOutput } = await import("../output.ts");
    const loaded = await loadChain(connectDevChain(args), args.file);
    createOutput(args).result(loaded, [`block ${loaded.block}  ${loaded.hash}`]);
  },
};

/** `subforge chain fault <kind> [which]` */
const chainFault: Command<typeof faultOptions> = {
  command: "fault <kind> [which]",
  describe: "Let something go wrong; list what is set; clear it",
  builder: faultOptions,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { describeOutcome, injectFault } = await import("../chain/inject-fault.ts");
    const { createOutput } = await import("../output.ts");
    const { kind, which, methods, every, count, durationMs, ms, bytes, form, behind, blocks, hash } = args;
    const { code, custom, data, depth, lose, change, specVersion } = args;
    const outcome = await injectFault(connectDevChain(args), kind, which, {
      ...{ methods: methods?.split(","), every, count, durationMs, ms, bytes, form, behind, blocks, hash },
      ...{ retryAfterS: args.retryAfter, code, custom, data, depth, lose, change, specVersion },
    });
    createOutput(args).result(outcome, describeOutcome(outcome));
  },
};

/** `subforge chain status` */
const chainStatusCommand: Command<typeof where> = {
  command: "status",
  describe: "Say how a local chain is: blocks, time, what waits, which faults are set",
  builder: where,
  handler: async (args) => {
    const { connectDevChain } = await import("../chain/dev-client.ts");
    const { chainStatus, describeStatus } = await import("../chain/chain-status.ts");
    const { createOutput } = await import("../output.ts");
    const status = await chainStatus(connectDevChain(args));
    createOutput(args).result(status, describeStatus(status));
  },
};

export const chainCommands: CommandGroup = {
  group: "chain",
  describe: "The local development chain",
  commands: [
    chainStart,
    chainFetchRuntime,
    chainStatusCommand,
    chainMine,
    chainWarp,
    chainSnapshot,
    chainRevert,
    chainDump,
    chainLoad,
    chainFault,
  ],
};
