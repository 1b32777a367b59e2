import { bySeniority, gatedFractions, skillGate } from "./gate.ts";
import { scoreFractions } from "./rewards.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { Worker } from "./types.ts";

/** What the members of one class get of their class's part; columns in the order of the members. */
export type ClassPay = {
  /** Sum to `deserved`. */
  fractions: number[];
  eligible: boolean[];
  /** F19's t. */
  skillT: number[];
  /** 0..1: under 1 when nobody has proven to be better than persistence. The rest is burnt. */
  deserved: number;
};

/** F13, or F19 and F20. @param workers - Of one class, as they stand after this nonce. */
export function payClass(workers: readonly Worker[], config: TopicConfig): ClassPay {
  const gates = workers.map(({ skill }) => skillGate(skill, config));
  const skillT = gates.map(({ t }) => t);
  if (config.rewardMap === "plain") {
    const fractions = scoreFractions(
      workers.map(({ scores }) => scores.at(-1)!),
      workers.flatMap(({ scores }) => scores),
      config,
    );
    return { fractions, eligible: workers.map(() => true), skillT, deserved: 1 };
  }
  let eligible = gates.map(({ passes }) => passes);
  if (!eligible.includes(true)) eligible = skillT.map((t) => t > config.gateFallback);
  if (eligible.includes(true) || workers.length === 0) {
    const averages = workers.map(({ scoreAverage }) => scoreAverage);
    return { fractions: gatedFractions(averages, eligible, config), eligible, skillT, deserved: 1 };
  }
  const [first] = workers.toSorted(bySeniority);
  eligible = workers.map(({ id }) => id === first!.id);
  const deserved = 1 / workers.length;
  return { fractions: eligible.map((isPaid) => (isPaid ? deserved : 0)), eligible, skillT, deserved };
}
