import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import { quickConfigOf } from "../../shared/quick-config.ts";
import type { Reason } from "../../shared/reasons.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { createContext, honestPlayer } from "../../simulator/template-checks/field.ts";
import type { GlobalArgs } from "../options.ts";
import { createOutput, table } from "../output.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { openModels } from "./open-models.ts";
import { templateModels } from "./template-models.ts";

/** The parsed flags of `subforge task run`. */
export type RunTaskArgs = Pick<GlobalArgs, "json"> & {
  template: string;
  config: unknown;
  epochs: number;
  seed: string;
};

/** `share`: of all weight, 0..1. `score` and `reason` are the last epoch's; null when it was not judged. */
export type PaidMiner = {
  name: string;
  quality: number | null;
  score: number | null;
  reason: Reason | null;
  share: number;
};

export type PlayedTask = {
  template: string;
  version: string;
  epochs: number;
  jobs: number;
  miners: PaidMiner[];
};

/**
 * Plays epochs in memory, a miner for each model and one that is silent, and prints what each would get.
 *
 * @throws SubforgeError of `loadTemplate`, CONFIG_INVALID, MODEL_DAMAGED
 */
export async function runTask(args: RunTaskArgs): Promise<void> {
  const output = createOutput(args);
  const played = await playTask(await loadTemplate(args.template), args);
  const rows = played.miners.map(({ name, quality, score, reason, share }) => [
    name,
    quality === null ? "–" : quality.toFixed(2),
    score === null ? "–" : score.toPrecision(4),
    `${(share * 100).toFixed(2)} %`,
    reason ?? "not judged",
  ]);
  output.result(played, [
    `template ${played.template} ${played.version}: ${played.epochs} epochs, ${played.jobs} jobs in the last`,
    ...table([["miner", "quality", "score", "share", "reason"], ...rows]),
    "next: subforge dev",
  ]);
}

/** The same seed gives the same pay. Best model first, the silent miner last. */
export async function playTask(
  template: SubnetTemplate,
  { config: given, epochs, seed }: Pick<RunTaskArgs, "config" | "epochs" | "seed">,
): Promise<PlayedTask> {
  const config = quickConfigOf(template, given);
  const parsed = template.parseConfig(config);
  const { models, close } = await openModels(await templateModels(template, config));
  const field = models.length > 0 ? models : [undefined, undefined, undefined];
  const miners = field.map((model, i) => ({
    ...{ name: model?.name ?? `miner-${i + 1}`, quality: model?.quality ?? null },
    ...{ hotkey: `5Miner${String(i + 1).padStart(3, "0")}`, player: honestPlayer(model) },
  }));
  const silent = { name: "silent", quality: 0, hotkey: "5Silent" };
  const players = new Map<Hotkey, Player>(miners.map(({ hotkey, player }) => [hotkey, player]));
  players.set(silent.hotkey, async () => ({ response: undefined, latencyMs: 0 }));
  const hotkeys = [...players.keys()];
  try {
    let state = template.initialState();
    let last: Awaited<ReturnType<typeof playEpoch>> | undefined;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const pending = last?.pending ?? [];
      last = await playEpoch(template, createContext(hotkeys, epoch, seed, parsed), state, players, {
        pending,
      });
      state = last.state;
    }
    const total = last?.weights.reduce((sum, { weight }) => sum + weight, 0) || 1;
    const { id, version } = template;
    return {
      ...{ template: id, version, epochs, jobs: last?.transcripts.length ?? 0 },
      miners: [...miners, silent].map(({ name, quality, hotkey }) => {
        const raw = last?.raw.get(hotkey);
        const uid = hotkeys.indexOf(hotkey) + 1;
        const weight = last?.weights.find((entry) => entry.uid === uid)?.weight ?? 0;
        return {
          name,
          quality,
          score: raw?.score ?? null,
          reason: raw?.reason ?? null,
          share: weight / total,
        };
      }),
    };
  } finally {
    await close();
  }
}
