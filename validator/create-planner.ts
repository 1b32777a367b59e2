import type { Chain } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { OracleKey } from "../shared/keys/oracle-key.ts";
import type { Logger } from "../shared/logger.ts";
import { BlockPace } from "./block-pace.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EpochCloser } from "./epoch-closer.ts";
import { EpochOpener } from "./epoch-opener.ts";
import type { OnEvent } from "./events.ts";
import { Planner } from "./planner.ts";
import { ResultSigner } from "./results/result-signer.ts";
import { EVERYBODY } from "./sampling.ts";
import type { Scope } from "./scopes.ts";
import type { Scorer } from "./scoring/scorer.ts";
import type { SecretKeeper } from "./secret-keeper.ts";
import type { SigningPermit } from "./signing-permit.ts";
import {
  type ReadFeed,
  type RerunModel,
  type RunGraph,
  SourceReader,
  type Sources,
} from "./source-reader.ts";
import { StageRunner } from "./stage-runner.ts";
import { Subject } from "./subject.ts";
import type { Troubles } from "./troubles.ts";
import { readChainTruth } from "./truth/chain-truth.ts";
import type { Assignment, ValidatorOptions } from "./validator.ts";
import { WeightDecider } from "./weight-decider.ts";
import { WeightSetter } from "./weight-setter.ts";

export type CreatePlannerDeps = {
  chain: Chain;
  signer: Keypair;
  oracleKey: OracleKey | undefined;
  journal: Journal;
  scope: Scope;
  scorer: Scorer;
  secrets: SecretKeeper;
  maySign: SigningPermit["maySign"];
  sources: Sources;
  rerunModel: RerunModel | undefined;
  runGraph: RunGraph | undefined;
  readFeed: ReadFeed | undefined;
  troubles: Troubles;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  onEvent: OnEvent;
};

/** The parts of one mechanism's planner, put together. */
export function createPlanner(
  { netuid, mechanism, template, config, code }: Assignment,
  { targetsPerJob, sampling = EVERYBODY, shadow, burnShare }: ValidatorOptions,
  deps: CreatePlannerDeps,
): Planner {
  const { chain, signer, journal, scorer, secrets, maySign, troubles, clock, logger, signal, onEvent } = deps;
  const { epochs, weights } = journal;
  const { dispatch, collect } = deps.scope;
  const validator = signer.address;
  const subject = new Subject({
    ...{ netuid, mechanism, template, config, code, validator, chain, journal, secrets },
  });
  const dispatcher = new Dispatcher({ template, dispatch, collect, clock, troubles }, targetsPerJob);
  const sources = new SourceReader({
    ...{ template, epochs, sources: deps.sources, rerunModel: deps.rerunModel, logger, signal },
    readChain: (value) => readChainTruth(chain, value),
    ...{ readFeed: deps.readFeed, runGraph: deps.runGraph },
  });
  const pace = new BlockPace(clock);
  const setter = new WeightSetter({
    ...{ chain, signer, weights, clock, logger, onEvent, maySign, shadow, burnShare },
  });
  return new Planner(subject, {
    ...{ epochs, secrets, setter, pace, troubles },
    opener: new EpochOpener(subject, {
      ...{ chain, validator, journal, secrets, dispatcher, sampling, clock, logger, onEvent },
    }),
    stages: new StageRunner(subject, { chain, journal, dispatcher, sources, pace, logger }),
    closer: new EpochCloser(subject, { journal, scorer, dispatcher, logger, onEvent }),
    results: new ResultSigner({
      ...{ results: journal.results, genesis: chain.identity.genesis, signer, oracleKey: deps.oracleKey },
      ...{ maySign, shadow, clock, onEvent },
    }),
    decider: new WeightDecider(subject, { chain, journal, scorer, setter, burnShare }),
  });
}
