import { type CheckedTemplate, type HonestEpoch, playHonestly } from "./checked-template.ts";
import { type CheckCode, TEMPLATE_CHECKS, type TemplateFinding } from "./finding.ts";
import {
  checkGarbageIsHarmless,
  checkGarbageIsUnpaid,
  type PlayedGarbage,
  playGarbage,
} from "./garbage-checks.ts";
import { checkOpenCode } from "./open-code-check.ts";
import { checkPlan, checkPurity, checkSecrecy, checkShape, checkTasks, checkUids } from "./plan-checks.ts";
import { checkEmpty, checkParsers, checkPay, checkRange, checkRepeats, checkState } from "./score-checks.ts";

/**
 * Hold a template against what every subnet keeps, in the order of the codes. What one check needs and cannot have
 * fails it; the others go on. Deterministic: the same template and seed give the same findings.
 *
 * @param onFinding - Called as each is known.
 */
export async function checkTemplate(
  subject: CheckedTemplate,
  onFinding: (finding: TemplateFinding) => void = () => {},
): Promise<TemplateFinding[]> {
  const findings: TemplateFinding[] = [];
  const run = async (code: CheckCode, check: () => string | Promise<string>) => {
    const outcome = await attempt(check);
    const finding = { code, what: TEMPLATE_CHECKS[code], ...outcome };
    findings.push(finding);
    onFinding(finding);
  };
  const epoch = once(() => playHonestly(subject));
  const garbage = once(() => playGarbage(subject));
  const ofEpoch =
    (check: (of: CheckedTemplate, epoch: HonestEpoch) => string | Promise<string>) => async () =>
      check(subject, await epoch());
  const ofGarbage = (check: (played: PlayedGarbage) => string) => async () => check(await garbage());

  await run("SF-T301", () => checkShape(subject.template, subject.config));
  if (!findings[0]!.ok) return findings; // nothing else can be asked of it
  await run("SF-T302", ofEpoch(checkPlan));
  await run("SF-T303", ofEpoch(checkTasks));
  await run("SF-T304", ofEpoch(checkSecrecy));
  await run("SF-T305", ofEpoch(checkUids));
  await run("SF-T306", ofEpoch(checkPurity));
  await run("SF-T307", ofEpoch(checkRepeats));
  await run("SF-T308", ofEpoch(checkRange));
  await run("SF-T309", ofEpoch(checkPay));
  await run("SF-T310", () => checkEmpty(subject));
  await run("SF-T311", ofGarbage(checkGarbageIsHarmless));
  await run("SF-T312", ofGarbage(checkGarbageIsUnpaid));
  await run("SF-T313", ofEpoch(checkState));
  await run("SF-T314", ofEpoch(checkParsers));
  await run("SF-T315", () => checkOpenCode(subject));
  return findings;
}

async function attempt(check: () => string | Promise<string>): Promise<{ ok: boolean; facts: string }> {
  try {
    return { ok: true, facts: await check() };
  } catch (error) {
    return { ok: false, facts: error instanceof Error ? error.message : String(error) };
  }
}

/** The same promise each time: what failed once is not tried again. */
function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
