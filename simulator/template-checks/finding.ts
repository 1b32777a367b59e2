/** What is checked of every template. Append-only: a code, once given, keeps its meaning in scripts and reports. */
export const TEMPLATE_CHECKS = {
  "SF-T301": "it is whole: id, version, functions, limits of its synapses, a default configuration",
  "SF-T302": "the same context gives the same plan, with names that a queue can carry",
  "SF-T303": "a task is small: the question is made from it",
  "SF-T304": "questions depend on the secret and on the beacon: public data do not give them",
  "SF-T305": "who is asked what does not depend on uids, and pay follows the hotkey",
  "SF-T306": "plan, score and weights are pure: no clock, no randomness, nothing changed that was handed in",
  "SF-T307": "same answers give the same scores, again and again, and in whatever order they came in",
  "SF-T308": "scores and weights are finite and not negative, for miners that were asked",
  "SF-T309": "honest work is paid",
  "SF-T310": "an empty answer is worth less than the median honest one",
  "SF-T311": "generated garbage never makes it throw, and never makes a score that is no number",
  "SF-T312": "generated garbage does not earn",
  "SF-T313": "its state is JSON of bounded size, scores the same after a file, and forgets who left",
  "SF-T314": "its parsers refuse what is no message of its own",
  "SF-T315": "whoever runs its code with all public data knows nothing of what is asked before it is asked",
} as const;

export type CheckCode = keyof typeof TEMPLATE_CHECKS;

/** One check and how it went. `facts` has the measured values in one line. */
export type TemplateFinding = { code: CheckCode; what: string; ok: boolean; facts: string };

/** Thrown inside a check: the template does not keep it. */
class CheckFailed extends Error {}

/** @throws CheckFailed */
export function demand(isKept: boolean, otherwise: string): asserts isKept {
  if (!isKept) throw new CheckFailed(otherwise);
}
