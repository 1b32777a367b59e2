import type { SubnetTemplate } from "./template.ts";

/**
 * The configuration that simulations and checks play with: what is given, and for the rest what the template calls quick.
 *
 * @param given - As it would stand in a file. What is no object is left for `parseConfig` to refuse.
 */
export function quickConfigOf({ quickConfig }: Pick<SubnetTemplate, "quickConfig">, given: unknown): unknown {
  if (!quickConfig) return given;
  if (given === undefined) return quickConfig;
  return typeof given === "object" && given !== null ? { ...quickConfig, ...given } : given;
}
