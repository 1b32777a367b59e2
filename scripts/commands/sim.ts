import { type Command, type CommandGroup, templateOptions } from "../options.ts";
import { onShutdown } from "../output.ts";
import { wholeNumber } from "../whole-number.ts";

const lengthOptions = {
  epochs: { type: "number", describe: "How many epochs; default: the scenario's" },
  runs: { type: "number", describe: "How many independent runs; default: the scenario's" },
  seed: { type: "string", describe: "What everything random is drawn from; default: 1" },
  engine: {
    choices: ["float", "fixed"],
    describe: "Arithmetic of the chain: float is fast, fixed exact; default: the scenario's",
  },
  out: { type: "string", describe: "Folder for the outcome; default: .subforge/sim/NAME-SEED" },
} as const;

const subnetOptions = {
  template: {
    ...templateOptions.template,
    default: undefined,
    describe:
      "Template, or a folder with one; default: the scenario's. Without one a raw score is skill + noise",
  },
  preset: templateOptions.preset,
  config: templateOptions.config,
} as const;

const runOptions = {
  ...subnetOptions,
  scenario: {
    type: "string",
    default: "competition",
    describe: "Name or JSON file: competition, adversaries, newcomer, improver, cabal, copier",
  },
  ...lengthOptions,
  sweep: { type: "string", describe: "Run once for each value of a field, as in chain.kappa=0.4,0.5,0.6" },
  "find-breakeven": {
    type: "string",
    describe: "Find the value of an attack's dial from which it pays, as in copycat.noise or whale.stake",
  },
  compare: { type: "string", describe: "Another scenario, JSON file: print what differs" },
  hold: {
    type: "string",
    describe: "A summary.json of an earlier run: exit 9 when a number is more than 5 % off",
  },
} as const;

const attackOptions = {
  ...subnetOptions,
  template: { ...templateOptions.template, describe: "Template, or a folder with one" },
  ...lengthOptions,
  only: { type: "string", describe: "Only these attacks, as in copycat,sybil" },
} as const;

const reportOptions = {
  folder: { type: "string", demandOption: true, describe: "Folder that sim run or sim attack wrote" },
  format: {
    choices: ["html", "md", "csv"],
    default: "md",
    describe: "What to print from what is stored there",
  },
} as const;

type LengthArgs = { epochs: number | undefined; runs: number | undefined };

/** `subforge sim run` */
const simRun: Command<typeof runOptions> = {
  command: "run",
  describe: "Play a scenario: who earns what, epoch by epoch",
  builder: runOptions,
  handler: async (args) => {
    const { runSimulation } = await import("../sim/run-simulation.ts");
    process.exitCode = await runSimulation(
      { ...args, ...lengths("sim run", args) },
      { signal: onShutdown() },
    );
  },
};

/** `subforge sim attack` */
const simAttack: Command<typeof attackOptions> = {
  command: "attack",
  describe: "Play every attack against honest work; exits 9 when one earns more per unit of cost",
  builder: attackOptions,
  handler: async (args) => {
    const { runAttacks } = await import("../sim/run-attacks.ts");
    process.exitCode = await runAttacks(
      { ...args, ...lengths("sim attack", args) },
      { signal: onShutdown() },
    );
  },
};

/** `subforge sim report <folder>` */
const simReport: Command<typeof reportOptions> = {
  command: "report <folder>",
  describe: "Print the report of a finished simulation again",
  builder: reportOptions,
  handler: async (args) => {
    const { printReport } = await import("../sim/print-report.ts");
    await printReport(args);
  },
};

/** `subforge sim …` */
export const simCommands: CommandGroup = {
  group: "sim",
  describe: "Simulate a subnet before it exists: who earns what, which attack pays",
  commands: [simRun, simAttack, simReport],
};

function lengths(command: string, { epochs, runs }: LengthArgs): LengthArgs {
  return {
    epochs: wholeNumber(command, "epochs", epochs, 1, 100_000),
    runs: wholeNumber(command, "runs", runs, 1, 1_000),
  };
}
