import { createHash } from "node:crypto";
import { createInlineWorkshop } from "../shared/inline-workshop.ts";
import { type PendingEpoch, type PlayedSources, type Player, playEpoch } from "../shared/play-epoch.ts";
import { toModelCommitment } from "../shared/rules/model-commitment.ts";
import type { Agent, EpochContext, Participant, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey, Json } from "../shared/types.ts";
import { createPlayer } from "./imitated-miner.ts";
import type { Roster } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import type { Scorer, ViewScores } from "./scorer.ts";
import type { Skills } from "./skills.ts";

const NETUID = 1;
/** All stake of the subnet, as a template sees it: a million TAO. */
const ALL_STAKE_RAO = 1e15;

/** One validator that plans, asks and scores. */
type View = {
  validator: Hotkey;
  players: ReadonlyMap<Hotkey, Player>;
  state: Json;
  pending: readonly PendingEpoch[];
};

/**
 * The template's own code, as a validator runs it, in as many views as there are: each has its own secret, state and
 * questions. Views do not wait for each other, and nothing depends on which is ready first.
 */
export function createTemplateScorer(
  template: SubnetTemplate,
  scenario: Scenario,
  roster: Roster,
  skills: Skills,
  seed: string,
): Scorer {
  const config = template.parseConfig(scenario.config);
  const { miners, voters } = roster;
  const hotkeys = roster.neurons.map(({ name }) => `5${digest(`hotkey ${seed} ${name}`).slice(0, 40)}`);
  const models = miners.map((_, miner) =>
    sha256(`model ${seed} ${miners[skills.owner[miner]!]!.facts.name}`),
  );
  const agents = miners.map(({ group }) => template.agents.find(({ name }) => name === group.behaviour));
  const isAudited = Object.values(template.sources ?? {}).some(({ rerun }) => rerun !== undefined);
  const modelHashOf = (miner: number) =>
    isAudited && agents[miner]?.uses !== "best-model" ? models[miner]!.toString("hex") : undefined;

  let now: EpochContext | undefined;
  const workshops = miners.map(() => createInlineWorkshop(() => now!.startBlock));
  /** How good models were in the epoch before: what is audited was answered then. */
  let answered = Float64Array.from(skills.now);
  const views = Array.from({ length: Math.min(scenario.views, voters.length) }, (_, view): View => {
    const validator = hotkeys[view]!;
    const players = miners.map(({ group, facts }, miner) => {
      const agent = agents[miner];
      const model = () => modelOf(miner, agent);
      const imitated = {
        ...{ group, agent, seed: `${seed} ${facts.name}`, model, modelHash: modelHashOf(miner) },
        workshop: workshops[miner]!,
      };
      const player = createPlayer(template, imitated, validator, () => ({ ...now!, validator }));
      return [hotkeys[voters.length + miner]!, player] as const;
    });
    return { validator, players: new Map(players), state: template.initialState(), pending: [] };
  });

  function modelOf(miner: number, agent: Agent | undefined) {
    const stolen =
      agent?.uses === "best-model" ? skills.bestHonest((other) => roster.isThere(other)) : undefined;
    const owner = stolen ?? skills.owner[miner]!;
    return { seed: models[owner]!, skill: skills.now[owner]! };
  }

  function participants(): Participant[] {
    const validators = voters.map(({ facts }, uid) => ({
      ...toParticipant(hotkeys[uid]!, uid, { stake: facts.stake, registeredAt: 0 }),
      ...(uid === 0 && { isOwner: true as const }),
    }));
    const serving = Array.from(roster.slots).flatMap((miner, slot) => {
      if (miner < 0) return [];
      const block = roster.registeredAt[slot]!;
      const hash = modelHashOf(miner);
      const data = hash && toModelCommitment({ sha256: hash, size: 1, uri: "axon:" });
      const made = workshops[miner]!.commitment() ?? (data ? { data, block } : undefined);
      const commitment = made ? { commitment: made } : {};
      const ip = `10.${miner >> 8}.${miner & 255}.1`; // nobody shares a network
      const facts = { stake: 0, registeredAt: block, ip };
      return [
        { ...toParticipant(hotkeys[voters.length + miner]!, voters.length + slot, facts), ...commitment },
      ];
    });
    return [...validators, ...serving];
  }

  /** Audits run the committed model again: that of the miner's own, whatever it answered with. */
  function sourcesOf(): PlayedSources {
    const rerunnable = Object.entries(template.sources ?? {}).filter(([, { rerun }]) => rerun);
    return Object.fromEntries(
      rerunnable.map(([name, source]) => [
        name,
        async (task: Json) => {
          const { hotkey, feeds } = source.rerun!(task);
          const miner = hotkeys.indexOf(hotkey) - voters.length;
          const owner = skills.owner[miner]!;
          const model = { seed: models[owner]!, skill: answered[owner]! };
          const { y } = await template.imitate!(task, name, hotkey, model, config)(feeds);
          return { y: y!, precision: "float32" };
        },
      ]),
    );
  }
  const sources = sourcesOf();
  const minerOf = new Map(miners.map((_, miner) => [hotkeys[voters.length + miner]!, miner]));

  async function scoreView(view: View, context: EpochContext): Promise<ViewScores> {
    const options = { sources, pending: view.pending };
    const played = await playEpoch(template, context, view.state, view.players, options);
    view.state = played.state;
    view.pending = played.pending;
    const raw = new Float64Array(miners.length);
    for (const [hotkey, { score }] of played.raw) raw[minerOf.get(hotkey)!] = score;
    const shares = new Float64Array(miners.length);
    const total = played.weights.reduce((sum, { weight }) => sum + weight, 0);
    for (const { uid, weight } of played.weights) {
      const miner = roster.slots[uid - voters.length]!;
      if (total > 0) shares[miner] = weight / total;
    }
    return { raw, shares };
  }

  return {
    async score(epoch, block) {
      for (const { settled } of workshops) await settled();
      now = {
        netuid: NETUID,
        mechanism: 0,
        epoch,
        startBlock: block,
        tempo: scenario.chain.tempo,
        validator: hotkeys[0]!,
        participants: participants(),
        beacon: sha256(`beacon ${seed} ${epoch}`),
        secret: new Uint8Array(32),
        config,
      };
      const shared = now;
      const scores = await Promise.all(
        views.map((view, i) =>
          scoreView(view, {
            ...shared,
            validator: view.validator,
            secret: sha256(`secret ${seed} ${epoch} ${i}`),
          }),
        ),
      );
      answered = Float64Array.from(skills.now);
      return scores;
    },
  };
}

function toParticipant(
  hotkey: Hotkey,
  uid: number,
  facts: { stake: number; registeredAt: number; ip?: string },
): Participant {
  return {
    uid,
    hotkey,
    coldkey: `${hotkey}-cold`,
    stakeRao: BigInt(Math.round(facts.stake * ALL_STAKE_RAO)),
    validatorPermit: facts.ip === undefined,
    registeredAt: facts.registeredAt,
    ip: facts.ip,
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function digest(text: string): string {
  return sha256(text).toString("hex");
}
