import {
  type Command,
  type CommandGroup,
  templateConfig,
  templateOptions,
  walletOptions,
} from "../options.ts";
import { wholeNumber } from "../whole-number.ts";

const subjectOptions = {
  ...templateOptions,
  template: {
    ...templateOptions.template,
    default: ".",
    describe: "Folder of a template, a file in its template/, or the name of one that ships with subforge",
  },
} as const;

const newOptions = {
  name: { type: "string", demandOption: true, describe: "Id of the template, and name of its file" },
  dir: { type: "string", default: ".", describe: "Folder that has template/" },
} as const;

const checkOptions = {
  ...subjectOptions,
  repeats: { type: "number", default: 1_000, describe: "Times the same answers are scored" },
  garbage: { type: "number", default: 10_000, describe: "Generated answers that must earn nothing" },
} as const;

const runOptions = {
  ...subjectOptions,
  epochs: { type: "number", default: 3, describe: "Epochs to play" },
  seed: { type: "string", default: "1", describe: "What questions are drawn from" },
} as const;

const feedOptions = {
  feed: { type: "string", demandOption: true, describe: "Name of the feed" },
  value: { type: "number", demandOption: true, describe: "What it says" },
  ...walletOptions,
  time: { type: "number", describe: "When, in seconds since 1970; default: now" },
  file: { type: "string", default: "./feed.jsonl", describe: "File to write it to, behind the others" },
} as const;

/** `subforge task new <name>` */
const taskNew: Command<typeof newOptions> = {
  command: "new <name>",
  describe: "Write another template into the folder, in the short form",
  builder: newOptions,
  handler: async (args) => {
    const { newTask } = await import("../creator/new-task.ts");
    await newTask(args);
  },
};

/** `subforge task check` */
const taskCheck: Command<typeof checkOptions> = {
  command: "check",
  describe: "What every template keeps: purity, secrecy, garbage, state; exit code 9 when one is not kept",
  builder: checkOptions,
  handler: async (args) => {
    const { checkTask } = await import("../creator/check-task.ts");
    process.exitCode = await checkTask({
      ...{ json: args.json, template: args.template, config: templateConfig(args) },
      repeats: wholeNumber("task check", "repeats", args.repeats, 1, 1_000_000),
      garbage: wholeNumber("task check", "garbage", args.garbage, 1, 10_000_000),
    });
  },
};

/** `subforge task run` */
const taskRun: Command<typeof runOptions> = {
  command: "run",
  describe: "Play epochs in memory with the template's models, and print what each miner would get",
  builder: runOptions,
  handler: async (args) => {
    const { runTask } = await import("../creator/run-task.ts");
    const epochs = wholeNumber("task run", "epochs", args.epochs, 1, 10_000);
    await runTask({ ...args, config: templateConfig(args), epochs });
  },
};

/** `subforge task feed <feed> <value>` */
const taskFeed: Command<typeof feedOptions> = {
  command: "feed <feed> <value>",
  describe: "Sign a point of a feed that a template takes truths from, and write it to a file",
  builder: feedOptions,
  handler: async (args) => {
    const { writeFeed } = await import("../creator/write-feed.ts");
    await writeFeed({
      ...args,
      time: wholeNumber("task feed", "time", args.time, 0, Number.MAX_SAFE_INTEGER),
    });
  },
};

export const taskCommands: CommandGroup = {
  group: "task",
  describe: "Templates of your own: write, check and play them",
  commands: [taskNew, taskCheck, taskRun, taskFeed],
};
