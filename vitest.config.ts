import { defineConfig } from "vitest/config";

/** Whole loops that take minutes: `npm run test:loop`. */
const LOOPS = "**/*.loop.test.ts";
const ROOMS = "{miner,validator,shared,subnets,localnet,simulator,dashboard}";

const patience = {
  testTimeout: 20_000,
  hookTimeout: 30_000,
  // An event that is awaited comes late on a busy machine; a second, the default, is a timed assertion.
  expect: { poll: { timeout: 10_000 } },
};

export default defineConfig({
  test: {
    // Tests start real processes from dist/: build it once, before the first of them.
    globalSetup: ["scripts/checks/build-before-tests.ts"],
    // Two cores, and many files that start Redis, miners or a chain: more workers only make them wait for each other.
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default"],
    projects: [
      {
        test: {
          ...patience,
          name: "rooms",
          include: [`${ROOMS}/**/*.test.ts`],
          exclude: [LOOPS],
          // Rooms keep no state in their modules, so files may share them: loading the chain's packages anew for each
          // file took a quarter of the whole run.
          isolate: false,
          setupFiles: ["scripts/checks/fresh-connections.ts"],
        },
      },
      // Commands change environment, exit code and output of their process.
      { test: { ...patience, name: "scripts", include: ["scripts/**/*.test.ts"], exclude: [LOOPS] } },
      { test: { ...patience, name: "loop", include: [`scripts/${LOOPS}`], fileParallelism: false } },
    ],
  },
});
