import { SubforgeError } from "../../shared/errors.ts";
import type { Netuid } from "../../shared/types.ts";
import { templateConfig } from "../options.ts";
import { wholeNumber } from "../whole-number.ts";

/** One mechanism of one subnet, and the template that validates it. */
export type SubnetAssignment = { netuid: Netuid; mechanism: number; template: string; config: unknown };

export type AssignmentArgs = {
  netuid: number | undefined;
  /** `2`, `2/1`, `7:hello`, `7/1:inference:{"preset":"tiny"}`. */
  subnet: readonly string[] | undefined;
  template: string;
  preset: string | undefined;
  config: unknown;
};

const FORM = /^(\d{1,5})(?:\/(\d{1,3}))?(?::([a-z0-9-]{1,32}|\.{0,2}\/[^:]{1,4096}))?(?::(\{.*\}))?$/s;

/**
 * What one validator works on: `--netuid`, or each `--subnet`. A subnet that names no template or configuration gets that
 * of `--template` and `--config`.
 *
 * @param command - Words of the command, for the hint.
 * @throws SubforgeError CLI_USAGE
 */
export function assignmentsOf(args: AssignmentArgs, command: string): SubnetAssignment[] {
  const { netuid, subnet = [], template } = args;
  const usage = (problem: string) => new SubforgeError("CLI_USAGE", { problem, command });
  const config = templateConfig(args);
  if (netuid !== undefined && subnet.length > 0) throw usage("--netuid and --subnet say the same: use one");
  if (netuid !== undefined) {
    return [{ netuid: wholeNumber(command, "netuid", netuid, 0, 65_535), mechanism: 0, template, config }];
  }
  if (subnet.length === 0) throw usage("--netuid is missing");
  const found = subnet.map((text): SubnetAssignment => {
    const [, id, mechanism = "0", name = template, json] = FORM.exec(text) ?? [];
    if (id === undefined) throw usage(`--subnet ${text} is not NETUID[/MECHANISM][:TEMPLATE[:{…}]]`);
    return {
      netuid: wholeNumber(command, "subnet", Number(id), 0, 65_535),
      mechanism: wholeNumber(command, "subnet", Number(mechanism), 0, 255),
      ...{ template: name, config: json === undefined ? config : parseJson(json, text, usage) },
    };
  });
  const names = found.map((each) => `${each.netuid}/${each.mechanism}`);
  const doubled = names.find((name, i) => names.indexOf(name) !== i);
  if (doubled !== undefined) throw usage(`--subnet ${doubled} stands twice`);
  return found;
}

function parseJson(json: string, text: string, usage: (problem: string) => SubforgeError): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw usage(`--subnet ${text} does not end with JSON`);
  }
}
