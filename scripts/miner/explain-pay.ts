import { request } from "undici";
import { formatAddress } from "../../miner/announce.ts";
import { type Neuron, neuronByHotkey } from "../../shared/chain/metagraph.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { type Finding, ok } from "../finding.ts";
import { hotkeyAddressOf } from "../load-coldkey.ts";
import type { WalletArgs } from "../load-signer.ts";
import { createOutput, table } from "../output.ts";
import { formatAlpha } from "../tao.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";

/** The parsed flags of `subforge miner why`. */
export type ExplainPayArgs = WalletArgs &
  ChainArgs & {
    json: boolean;
    netuid: number;
    hotkeyAddress: string | undefined;
    metricsPort: number | undefined;
  };

/** What one validator says of this miner. */
export type Opinion = {
  uid: number;
  hotkey: string;
  /** Share of the permitted validators' stake. */
  stakeShare: number;
  /** Share of its weights that this miner has; undefined: it has set none. */
  weightShare: number | undefined;
  blocksAgo: number;
};

/** What the chain knows about a miner's pay, at one block. */
export type PayFacts = {
  netuid: number;
  block: number;
  tempo: number;
  hotkey: string;
  self: Neuron | undefined;
  /** Place by incentive among all that earn; undefined when it earns nothing. */
  rank: number | undefined;
  earning: number;
  isStarted: boolean;
  opinions: Opinion[];
};

/** Validators that are asked for their weights, largest stake first. */
const MAX_OPINIONS = 32;
const METRICS_TIMEOUT_MS = 2_000;
const MAX_PAGE_BYTES = 2 ** 20;

/**
 * Why is this miner paid what it is paid? From the chain alone, and from the miner's own metrics when they are served
 * here. What validators measured is theirs: nobody else knows it, and this says so.
 *
 * @throws SubforgeError CHAIN_NO_SUBNET, and what the chain throws
 */
export async function explainPay(args: ExplainPayArgs): Promise<void> {
  const hotkey = args.hotkeyAddress ?? (await hotkeyAddressOf(args));
  const facts = await withChain(args, (chain) => readPayFacts(chain, args.netuid, hotkey));
  const refusals = args.metricsPort === undefined ? undefined : await readRefusals(args.metricsPort);
  const findings = judgePay(facts, refusals);
  const { self, block } = facts;
  createOutput(args).result({ ...facts, self: self ?? null, refusals: refusals ?? null, findings }, [
    `hotkey ${hotkey} on subnet ${facts.netuid} at block ${block}`,
    ...table([
      ["what", "state", "found"],
      ...findings.map(({ what, state, fact, next }) => [what, state, next ? `${fact}; ${next}` : fact]),
    ]),
    ...(facts.opinions.length === 0
      ? []
      : ["", ...table([OPINION_HEADER, ...facts.opinions.map(opinionRow)])]),
  ]);
}

async function readPayFacts(chain: OperatorChain, netuid: number, hotkey: string): Promise<PayFacts> {
  const [{ block, neurons }, rules, info] = await Promise.all([
    chain.metagraph(netuid),
    chain.subnetRules(netuid),
    chain.subnetInfo(netuid),
  ]);
  const self = neuronByHotkey({ netuid, block, neurons }, hotkey);
  const earning = neurons.filter(({ incentive }) => incentive > 0);
  const permitted = neurons
    .filter(({ validatorPermit }) => validatorPermit)
    .sort((a, b) => Number(b.stakeRao - a.stakeRao));
  const stake = permitted.reduce((sum, { stakeRao }) => sum + Number(stakeRao), 0);
  const opinions = await Promise.all(
    permitted.slice(0, MAX_OPINIONS).map(async (validator): Promise<Opinion> => {
      const { uids, values } = await chain.weights(netuid, validator.uid);
      const total = values.reduce((sum, value) => sum + value, 0);
      const at = self ? uids.indexOf(self.uid) : -1;
      return {
        ...{ uid: validator.uid, hotkey: validator.hotkey },
        stakeShare: stake === 0 ? 0 : Number(validator.stakeRao) / stake,
        weightShare: total === 0 ? undefined : at === -1 ? 0 : values[at]! / total,
        blocksAgo: block - validator.lastUpdate,
      };
    }),
  );
  const rank =
    self && self.incentive > 0
      ? 1 + earning.filter((other) => other.incentive > self.incentive).length
      : undefined;
  return {
    ...{ netuid, block, tempo: rules.tempo, hotkey, self, rank, earning: earning.length },
    ...{ isStarted: info.isStarted, opinions },
  };
}

/** What each fact means for the pay, and what to do about it. Pure. */
export function judgePay(facts: PayFacts, refusals?: Record<string, number> | undefined): Finding[] {
  const { self, netuid, opinions, block } = facts;
  if (!self) {
    const next = `run: subforge register --netuid ${netuid}`;
    return [{ what: "registered", state: "missing", fact: "the hotkey has no uid: nobody can pay it", next }];
  }
  const findings = [
    ok(
      "registered",
      `uid ${self.uid} since block ${self.registeredAt}, ${block - self.registeredAt} blocks ago`,
    ),
  ];
  if (!facts.isStarted) {
    findings.push({
      ...{ what: "subnet", state: "missing", fact: "it was not started: it pays nobody" },
      next: "its owner runs: subforge subnet start",
    });
  }
  findings.push(
    self.axon
      ? ok("served", `the chain shows ${formatAddress(self.axon)} since block ${self.axon.block}`)
      : {
          ...{
            what: "served",
            state: "missing",
            fact: "the chain shows no address: no validator can ask it",
          },
          next: "run: subforge miner publish",
        },
  );
  findings.push(judgeValidators(opinions, facts.tempo));
  findings.push(judgeWeights(opinions));
  const percent = (100 * self.incentive).toFixed(2);
  findings.push(
    self.incentive > 0
      ? ok(
          "paid",
          `${percent} % of the miners' share, place ${facts.rank} of ${facts.earning}; ${formatAlpha(self.emissionRao)} in the last epoch`,
        )
      : {
          ...{ what: "paid", state: "warn", fact: `nothing in the last epoch; ${facts.earning} others earn` },
          next: "weights count from the epoch after they were set; a new miner waits for its first questions",
        },
  );
  if (refusals) findings.push(judgeRefusals(refusals));
  findings.push({
    ...{ what: "quality", state: "absent", fact: "what a validator measured is not on the chain" },
    next: "see the subnet's own documentation for how answers are scored",
  });
  return findings;
}

function judgeValidators(opinions: readonly Opinion[], tempo: number): Finding {
  const what = "validators";
  if (opinions.length === 0) {
    const fact = "nobody has a permit: nobody's weights count";
    return { what, state: "missing", fact, next: "wait for an epoch in which a validator has stake" };
  }
  const active = opinions.filter(
    ({ weightShare, blocksAgo }) => weightShare !== undefined && blocksAgo <= 2 * tempo,
  );
  const fact = `${opinions.length} with a permit, ${active.length} of them set weights within two epochs`;
  if (active.length > 0) return ok(what, fact);
  const everSet = opinions.some(({ weightShare }) => weightShare !== undefined);
  const next = everSet
    ? "weights that age lose their effect"
    : "nobody set weights yet: that takes an epoch or two";
  return { what, state: "warn", fact, next };
}

function judgeWeights(opinions: readonly Opinion[]): Finding {
  const what = "weights";
  const giving = opinions.filter(({ weightShare }) => weightShare !== undefined && weightShare > 0);
  const stake = giving.reduce((sum, { stakeShare }) => sum + stakeShare, 0);
  const fact = `${giving.length} validators with ${(100 * stake).toFixed(1)} % of the stake give it weight`;
  if (stake > 0.5) return ok(what, fact);
  const next =
    giving.length === 0
      ? "did they reach it? run: subforge miner check --as-validator --reach"
      : "what less than half of the stake says is cut down: the others must be convinced too";
  return { what, state: "warn", fact, next };
}

function judgeRefusals(refusals: Record<string, number>): Finding {
  const what = "refusals";
  const { answered = 0, ...refused } = refusals;
  const worst = Object.entries(refused).sort(([, a], [, b]) => b - a);
  const list = worst.map(([code, count]) => `${code} ${count}`).join(", ");
  const fact = `since its start it answered ${answered} and refused ${list || "none"}`;
  const total = worst.reduce((sum, [, count]) => sum + count, 0);
  if (total <= answered) return ok(what, fact);
  return { what, state: "warn", fact, next: "look the first one up in docs/miner.md" };
}

/** Requests by outcome, from the metrics of a miner on this machine. Undefined: it does not serve them there. */
async function readRefusals(port: number): Promise<Record<string, number> | undefined> {
  try {
    const url = `http://127.0.0.1:${port}/metrics`;
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
    if (statusCode !== 200) return undefined;
    const text = (await body.text()).slice(0, MAX_PAGE_BYTES);
    const counts: Record<string, number> = {};
    for (const [, outcome = "", value] of text.matchAll(
      /^sf_requests_total\{outcome="([A-Za-z_]+)",[^}]*\} (\d+)$/gm,
    )) {
      counts[outcome] = (counts[outcome] ?? 0) + Number(value);
    }
    return counts;
  } catch {
    return undefined;
  }
}

const OPINION_HEADER = ["validator", "stake", "weight on it", "set"];

function opinionRow({ uid, hotkey, stakeShare, weightShare, blocksAgo }: Opinion): string[] {
  return [
    `uid ${uid}  ${hotkey.slice(0, 6)}…${hotkey.slice(-4)}`,
    `${(100 * stakeShare).toFixed(1)} %`,
    weightShare === undefined ? "sets none" : `${(100 * weightShare).toFixed(2)} %`,
    weightShare === undefined ? "" : `${blocksAgo} blocks ago`,
  ];
}
