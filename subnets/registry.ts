import { SubforgeError } from "../shared/errors.ts";
import type { SubnetTemplate } from "../shared/template.ts";

/** Every subnet that ships with subforge, loaded when it is asked for. One line each. */
const SUBNETS: Record<string, () => Promise<{ default: SubnetTemplate }>> = {
  hello: () => import("./hello/index.ts"),
  inference: () => import("./inference/index.ts"),
  forecast: () => import("./forecast/index.ts"),
  "training-proof": () => import("./training-proof/index.ts"),
};

export const SUBNET_NAMES: readonly string[] = Object.keys(SUBNETS);

/** @throws SubforgeError SUBNET_UNKNOWN */
export async function loadSubnet(name: string): Promise<SubnetTemplate> {
  if (!Object.hasOwn(SUBNETS, name)) {
    throw new SubforgeError("SUBNET_UNKNOWN", { name, known: [...SUBNET_NAMES] });
  }
  return (await SUBNETS[name]!()).default;
}
