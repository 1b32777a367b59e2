import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{miner,validator,shared,subnets,localnet,simulator,dashboard,scripts}/**/*.test.ts"],
    // Tests start real processes from dist/: build it once, before the first of them.
    globalSetup: ["scripts/checks/build-before-tests.ts"],
    // Two cores, and many files that start Redis, miners or a chain: more workers only make them wait for each other.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // An event that is awaited comes late on a busy machine; a second, the default, is a timed assertion.
    expect: { poll: { timeout: 10_000 } },
    reporters: ["default"],
  },
});
