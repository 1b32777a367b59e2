/* `subforge/testing`: what the tests of a template of one's own call. */
import { fileURLToPath } from "node:url";
import type { TemplateFinding } from "../../simulator/template-checks/finding.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { findingsOf } from "./check-task.ts";
import { type PlayedTask, playTask } from "./run-task.ts";

/** `config`: of the template. The rest as the flags of `subforge task check` and `task run`. */
export type TestOptions = {
  config?: unknown;
  repeats?: number;
  garbage?: number;
  epochs?: number;
  seed?: string;
};

/** What `subforge task check` finds in the template of a folder. */
export async function checkFolder(
  folder: string | URL,
  { config = {}, repeats = 1_000, garbage = 10_000 }: TestOptions = {},
): Promise<TemplateFinding[]> {
  return findingsOf(await loadTemplate(toPath(folder)), config, { repeats, garbage });
}

/** What `subforge task run` says of it. */
export async function playFolder(
  folder: string | URL,
  { config = {}, epochs = 3, seed = "1" }: TestOptions = {},
): Promise<PlayedTask> {
  return playTask(await loadTemplate(toPath(folder)), { config, epochs, seed });
}

function toPath(folder: string | URL): string {
  return folder instanceof URL ? fileURLToPath(folder) : folder;
}
