import { quickConfigOf } from "../../shared/quick-config.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { templateConfig } from "../options.ts";
import { loadTemplate } from "../template-folder/load-template.ts";

/** A template and its configuration, as it would stand in a file. */
export type ChosenSubnet = { template: SubnetTemplate; config: unknown };

/**
 * The subnet that flags name, in a configuration that can be played for hundreds of epochs. What it may be is checked
 * here, before anything is played.
 *
 * @throws SubforgeError SUBNET_UNKNOWN, TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX, TEMPLATE_INVALID, CONFIG_INVALID
 */
export async function chooseSubnet(
  name: string,
  args: { config: unknown; preset: string | undefined },
): Promise<ChosenSubnet> {
  const template = await loadTemplate(name);
  const config = quickConfigOf(template, templateConfig(args));
  template.parseConfig(config);
  return { template, config };
}
