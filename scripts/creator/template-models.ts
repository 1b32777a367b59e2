import type { SubnetTemplate } from "../../shared/template.ts";
import { listModels, type Model } from "../../subnets/models.ts";
import { modelsOf } from "../template-folder/load-template.ts";

/** Models that come with a template, or lie in the folder it was loaded from, best first. At most `count`. */
export async function templateModels(
  template: SubnetTemplate,
  count = Number.POSITIVE_INFINITY,
): Promise<Model[]> {
  return (await listModels(modelsOf(template))).slice(0, count);
}
