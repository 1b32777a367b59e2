import { inferenceCriteria } from "../../simulator/criteria/inference.ts";
import type { Criterion } from "../../simulator/criterion.ts";
import { referenceOutcomes } from "../../simulator/reference-outcomes.ts";
import { loadSubnet, SUBNET_NAMES } from "../../subnets/registry.ts";
import { attackCriterion } from "./attack-criterion.ts";
import { contractAuditCriterion } from "./contract-audit-criterion.ts";
import { forecastCriteria } from "./forecast/criteria.ts";
import { forecastReferences } from "./forecast/reference-outcomes.ts";
import { trainingProofCriteria } from "./training-proof/criteria.ts";

/** Every acceptance row that is implemented, by section. */
export async function allCriteria(): Promise<Criterion[]> {
  const gates = await Promise.all(SUBNET_NAMES.map(async (name) => attackCriterion(await loadSubnet(name))));
  return [
    ...inferenceCriteria(await loadSubnet("inference")),
    ...forecastCriteria,
    ...trainingProofCriteria,
    ...referenceOutcomes(),
    ...forecastReferences,
    contractAuditCriterion,
    ...gates,
  ];
}
