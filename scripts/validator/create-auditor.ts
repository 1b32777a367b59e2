import type { Chain } from "../../shared/chain/chain.ts";
import type { Keypair } from "../../shared/keys/keypair.ts";
import type { Logger } from "../../shared/logger.ts";
import type { PortRule } from "../../shared/wire/port-rule.ts";
import { ModelAuditor } from "../../validator/audit/model-auditor.ts";
import { ModelStore } from "../../validator/audit/model-store.ts";
import { Dendrite } from "../../validator/dendrite.ts";
import { ownAddresses } from "../../validator/own-addresses.ts";
import { createModelRunner } from "./run-model.ts";

/** To all miners together: two models are fetched at a time. */
const MAX_SOCKETS = 16;

/** Gets miners' committed models into a folder, and runs them in processes of their own. */
export function createAuditor(
  options: { folder: string; allowPrivate: boolean; ports?: PortRule; ownAddresses?: readonly string[] },
  { chain, signer, logger }: { chain: Pick<Chain, "metagraph">; signer: Keypair; logger: Logger },
): ModelAuditor {
  const { folder, allowPrivate, ports } = options;
  const policy = { allowPrivate, own: [...ownAddresses(), ...(options.ownAddresses ?? [])], ports };
  return new ModelAuditor({
    ...{ chain, policy, logger, store: new ModelStore(folder), runModel: createModelRunner(logger) },
    asker: new Dendrite(signer, policy, MAX_SOCKETS),
  });
}
