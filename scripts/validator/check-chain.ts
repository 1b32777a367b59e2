import type { SubnetRules } from "../../shared/chain/chain.ts";
import { weightsMethod } from "../../shared/chain/commit-reveal.ts";
import { type Metagraph, neuronByHotkey } from "../../shared/chain/metagraph.ts";
import type { OperatorChain, SubnetInfo } from "../../shared/chain/operator-chain.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { Hotkey } from "../../shared/types.ts";
import { askEndpoint } from "../ask-endpoint.ts";
import { type Finding, fromError, missing, ok } from "../finding.ts";
import { formatTao } from "../tao.ts";

const TIMEOUT_MS = 5_000;

/** Further behind the best one than this, an endpoint is not followed. Blocks. */
const MAX_LAG = 10;

type EndpointFacts = { endpoint: string; genesis: string; best: number; spec: string; version: number };

/** Does each address answer, and are they one chain? One that is silent is a warning as long as another one answers. */
export async function checkEndpoints(endpoints: readonly string[], genesis?: string): Promise<Finding[]> {
  const settled = await Promise.allSettled(endpoints.map(readEndpoint));
  const up = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const down = settled.flatMap((each, i) =>
    each.status === "rejected" ? [{ endpoint: endpoints[i]!, reason: each.reason as unknown }] : [],
  );
  if (up.length === 0) return down.map(({ reason }) => fromError("chain", reason));
  return [
    judgeEndpoints(up, genesis),
    ...down.map(({ reason }): Finding => ({ ...fromError("endpoint", reason), state: "warn" })),
  ];
}

/** Pure: what the endpoints that answered say of each other. */
export function judgeEndpoints(up: readonly EndpointFacts[], genesis?: string): Finding {
  const expected = genesis ?? up[0]!.genesis;
  const foreign = up.find((each) => each.genesis !== expected);
  if (foreign) {
    const { endpoint, genesis: actual } = foreign;
    return fromError("chain", new SubforgeError("CHAIN_WRONG_GENESIS", { endpoint, expected, actual }));
  }
  const best = Math.max(...up.map((each) => each.best));
  const versions = [...new Set(up.map(({ spec, version }) => `${spec} ${version}`))];
  const count = up.length === 1 ? up[0]!.endpoint : `${up.length} endpoints, same genesis`;
  const fact = `${count}, best ${best}, runtime ${versions.join(" and ")}`;
  const late = up.filter((each) => best - each.best > MAX_LAG);
  if (late.length > 0) {
    const names = late.map(({ endpoint, best: at }) => `${endpoint} is at block ${at}`).join(", ");
    return { what: "chain", state: "warn", fact: `${fact}; ${names}`, next: "leave it out of --network" };
  }
  return ok("chain", fact);
}

async function readEndpoint(endpoint: string): Promise<EndpointFacts> {
  const what = "who it is";
  const options = { what, timeoutMs: TIMEOUT_MS, signal: AbortSignal.timeout(TIMEOUT_MS) };
  return askEndpoint(endpoint, options, async (ask) => {
    const [genesis, header, version] = await Promise.all([
      ask("chain_getBlockHash", 0),
      ask("chain_getHeader"),
      ask("state_getRuntimeVersion"),
    ]);
    const { number } = (header ?? {}) as { number?: unknown };
    const { specName, specVersion } = (version ?? {}) as { specName?: unknown; specVersion?: unknown };
    const best = typeof number === "string" ? Number.parseInt(number, 16) : Number.NaN;
    if (typeof genesis !== "string" || typeof specName !== "string" || !Number.isInteger(best)) {
      throw new SubforgeError("CHAIN_BAD_ANSWER", {
        what,
        problem: `${endpoint} gave no genesis, block or runtime`,
      });
    }
    return { endpoint, genesis, best, spec: specName, version: Number(specVersion) };
  });
}

/** Are the calls that a validator signs as this release knows them? */
export function checkRuntime(chain: Pick<OperatorChain, "identity" | "status">): Finding {
  const what = "runtime";
  const { identity } = chain;
  const { writeProblems } = chain.status();
  const name = `${identity.specName} ${identity.specVersion}`;
  if (writeProblems.length === 0) return ok(what, `${name}: every call has the shape we know`);
  const fact = `${name} writes calls in a way this release does not know: ${writeProblems.join("; ")}`;
  return missing(
    what,
    fact,
    "nothing would be signed: subforge metadata check says more; use a newer release",
  );
}

/** The rules that decide whether weights can arrive in every epoch, and whether miners live long enough to be paid. */
export function checkSubnet(
  rules: SubnetRules,
  { hyperparameters }: Pick<SubnetInfo, "hyperparameters">,
  mechanism: number,
): Finding {
  const { netuid, tempo, weightsRateLimit, mechanisms, commitReveal } = rules;
  const what = `subnet ${netuid}`;
  const method = weightsMethod(rules);
  const period = commitReveal?.revealPeriodEpochs ?? 0;
  const immunity = Number(hyperparameters.immunity_period);
  const reveal = tempo * (period + 1);
  const commits = commitReveal ? `on (${method}, opens ${period} epochs later)` : "off";
  const fact =
    `tempo ${tempo}, rate limit ${weightsRateLimit}, commit-reveal ${commits}, mechanisms ${mechanisms}, ` +
    `immunity ${immunity} ${immunity > reveal ? ">" : "<="} first pay after ${reveal} blocks`;
  if (tempo === 0)
    return missing(what, `${fact}; epochs are off`, "no weights count: ask the subnet's owner");
  if (mechanism >= mechanisms) {
    return missing(what, `${fact}; there is no mechanism ${mechanism}`, "name a smaller mechanism");
  }
  if (weightsRateLimit > tempo) {
    return {
      what,
      state: "warn",
      fact,
      next: "the rate limit leaves epochs without weights; it is the chain's",
    };
  }
  if (immunity <= reveal) {
    const next = `miners may be pushed out before they are paid: subforge subnet lint --netuid ${netuid}`;
    return { what, state: "warn", fact, next };
  }
  return ok(what, fact);
}

/** May this hotkey set weights on the subnet? */
export function checkHotkey(metagraph: Metagraph, hotkey: Hotkey, rules: SubnetRules): Finding {
  const { netuid } = metagraph;
  const what = `hotkey on ${netuid}`;
  const self = neuronByHotkey(metagraph, hotkey);
  if (!self) {
    const next = `register it: subforge register --netuid ${netuid}`;
    return missing(what, `${hotkey} has no uid on subnet ${netuid}`, next);
  }
  const { uid, stakeRao, validatorPermit } = self;
  const fact = `uid ${uid}, permit ${validatorPermit ? "yes" : "no"}, stake ${formatTao(stakeRao)}`;
  if (stakeRao < rules.stakeThresholdRao) {
    return missing(
      what,
      fact,
      `stake at least ${formatTao(rules.stakeThresholdRao)} on it: weights are refused below that`,
    );
  }
  if (!validatorPermit) {
    return missing(
      what,
      fact,
      "permits go to the largest stakes at the end of an epoch: stake more, or wait for one",
    );
  }
  return ok(what, fact);
}
