import { readFile } from "node:fs/promises";
import { SubforgeError } from "../../shared/errors.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { parseScenario, type Scenario } from "../../simulator/scenario.ts";
import { createScenario, SCENARIO_NAMES } from "../../simulator/scenarios.ts";
import { type ChosenSubnet, chooseSubnet } from "./choose-subnet.ts";

export type ScenarioArgs = {
  scenario: string;
  template: string | undefined;
  preset: string | undefined;
  config: unknown;
  epochs: number | undefined;
  runs: number | undefined;
  seed: string | undefined;
  engine: Scenario["engine"] | undefined;
};

export type ChosenScenario = { scenario: Scenario; template: SubnetTemplate | undefined };

/** Far above any scenario that a person wrote. */
const MAX_BYTES = 1_048_576;

/**
 * The scenario that flags name: one of ours by its name, else a JSON file. Flags stand above what a file says.
 *
 * @throws SubforgeError CONFIG_INVALID, SIM_FILE_UNREADABLE, and what `chooseSubnet` throws
 */
export async function chooseScenario(args: ScenarioArgs): Promise<ChosenScenario> {
  if (SCENARIO_NAMES.includes(args.scenario)) {
    const subnet = args.template === undefined ? undefined : await chooseSubnet(args.template, args);
    return { scenario: withFlags(createScenario(args.scenario, subnet), args), template: subnet?.template };
  }
  const stored = parseScenario(await readJson(args.scenario));
  const subnet = await subnetOf(stored, args);
  const scenario = subnet ? { ...stored, template: subnet.template.id, config: subnet.config } : stored;
  return { scenario: withFlags(scenario, args), template: subnet?.template };
}

/** @throws SubforgeError SIM_FILE_UNREADABLE */
export async function readJson(path: string): Promise<unknown> {
  const unreadable = (problem: string) => new SubforgeError("SIM_FILE_UNREADABLE", { path, problem });
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw unreadable(error.message);
    throw unreadable(`there is no such file, and no scenario of that name: ${SCENARIO_NAMES.join(", ")}`);
  });
  if (text.length > MAX_BYTES) throw unreadable(`it has more than ${MAX_BYTES} bytes`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** A flag names another template than the file, or the file's own gets another configuration. */
async function subnetOf(stored: Scenario, args: ScenarioArgs): Promise<ChosenSubnet | undefined> {
  const name = args.template ?? stored.template;
  if (name === undefined) return undefined;
  const isGiven = args.preset !== undefined || JSON.stringify(args.config) !== "{}";
  return chooseSubnet(name, isGiven ? args : { config: stored.config, preset: undefined });
}

function withFlags(scenario: Scenario, { epochs, runs, seed, engine }: ScenarioArgs): Scenario {
  return parseScenario({
    ...scenario,
    epochs: epochs ?? scenario.epochs,
    runs: runs ?? scenario.runs,
    seed: seed ?? scenario.seed,
    engine: engine ?? scenario.engine,
  });
}
