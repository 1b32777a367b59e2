import { EXIT } from "../../shared/errors.ts";
import { quickConfigOf } from "../../shared/quick-config.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { checkTemplate } from "../../simulator/template-checks/check-template.ts";
import type { TemplateFinding } from "../../simulator/template-checks/finding.ts";
import type { GlobalArgs } from "../options.ts";
import { createOutput } from "../output.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { openModels } from "./open-models.ts";
import { templateModels } from "./template-models.ts";

/** The checks play three honest miners. */
const HONEST_MODELS = 3;

/** How thoroughly: times the same answers are scored, and generated answers. */
export type CheckEffort = { repeats: number; garbage: number };

/** The parsed flags of `subforge task check`. */
export type CheckTaskArgs = Pick<GlobalArgs, "json"> & CheckEffort & { template: string; config: unknown };

/**
 * Holds a template against what every one keeps, and prints a line for each.
 *
 * @returns Exit code: 9 when something is not kept.
 * @throws SubforgeError of `loadTemplate`, CONFIG_INVALID, MODEL_DAMAGED
 */
export async function checkTask(args: CheckTaskArgs): Promise<number> {
  const output = createOutput(args);
  const template = await loadTemplate(args.template);
  output.line(`template ${template.id} ${template.version}`);
  const findings = await findingsOf(template, args.config, args, (finding) => output.line(toLine(finding)));
  const failed = findings.filter(({ ok }) => !ok).length;
  const { id, version } = template;
  output.result({ template: id, version, ok: failed === 0, findings }, [
    failed === 0 ? "ready  next: subforge dev" : `${failed} of ${findings.length} are not kept`,
  ]);
  return failed === 0 ? EXIT.ok : EXIT.check;
}

/** With real sessions on the best models of the template. */
export async function findingsOf(
  template: SubnetTemplate,
  given: unknown,
  { repeats, garbage }: CheckEffort,
  onFinding?: (finding: TemplateFinding) => void,
): Promise<TemplateFinding[]> {
  const config = quickConfigOf(template, given);
  template.parseConfig(config); // a wrong knob is no flaw of the template
  const { models, close } = await openModels(await templateModels(template, config, HONEST_MODELS));
  try {
    return await checkTemplate({ template, config, models, repeats, garbage }, onFinding);
  } finally {
    await close();
  }
}

function toLine({ code, what, ok, facts }: TemplateFinding): string {
  return ok ? `✓ ${what}: ${facts}` : `✗ ${code}  ${what}: ${facts}`;
}
