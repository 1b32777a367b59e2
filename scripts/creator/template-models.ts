import type { SubnetTemplate } from "../../shared/template.ts";
import { listModels, type Model } from "../../subnets/models.ts";
import { modelsOf } from "../template-folder/load-template.ts";

/**
 * Models that come with a template, or lie in the folder it was loaded from, best first: those of the preset that the
 * configuration names. At most `count`.
 */
export async function templateModels(
  template: SubnetTemplate,
  config: unknown,
  count = Number.POSITIVE_INFINITY,
): Promise<Model[]> {
  const { preset } = template.parseConfig(config) as { preset?: unknown };
  const named = typeof preset === "string" ? preset : undefined;
  return (await listModels(modelsOf(template), named)).slice(0, count);
}
