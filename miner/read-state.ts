import type { ReplayClaims } from "../shared/wire/replay-store.ts";
import type { Announcer } from "./announcer.ts";
import type { HandedOutModels } from "./handed-out-models.ts";
import type { GraphRunner } from "./inference/graph-runner.ts";
import type { ModelShelf } from "./inference/model-shelf.ts";
import type { LocalPort } from "./local-port.ts";
import type { MetagraphView } from "./metagraph-view.ts";
import type { MinerMetrics } from "./metrics.ts";
import type { ModelCommitter } from "./model-committer.ts";
import type { MinerWorkshop } from "./workshop.ts";

/** What a running miner is made of besides its axon; all that was asked for is there once it serves. */
export type MinerParts = {
  view: MetagraphView;
  /** Opens while the models load. */
  store?: Promise<ReplayClaims>;
  shelf?: ModelShelf | undefined;
  local?: LocalPort;
  page?: { url: string; close(): Promise<void> };
  announcer?: Announcer;
  committer?: ModelCommitter;
  handedOut?: HandedOutModels;
  graphs?: GraphRunner;
  workshop?: MinerWorkshop;
};

/** Sets what is only known by looking, at each scrape. */
export function readState(metrics: MinerMetrics, parts: MinerParts, nowMs: number): void {
  const { view, shelf, announcer } = parts;
  metrics.set("sf_chain_view_age_seconds", (nowMs - view.callers.seenAtMs) / 1_000, {});
  metrics.set("sf_registered", view.self ? 1 : 0, {});
  metrics.set("sf_incentive_ratio", view.self?.incentive ?? 0, {});
  if (announcer) {
    metrics.set("sf_announced", announcer.isShown ? 1 : 0, {});
    if (announcer.isReachable !== undefined) metrics.set("sf_reachable", announcer.isReachable ? 1 : 0, {});
  }
  metrics.reset("sf_provider");
  for (const { name: model, isReady, device } of shelf?.all ?? []) {
    metrics.set("sf_model_ready", isReady ? 1 : 0, { model });
    if (device) metrics.set("sf_provider", 1, { model, name: device });
  }
  for (const { model, waiting, places } of shelf?.stats ?? []) {
    metrics.set("sf_waiting", waiting, { model });
    const rssBytes = places.reduce((sum, place) => sum + (place.rssBytes ?? 0), 0);
    metrics.set("sf_model_memory_bytes", rssBytes, { model });
  }
}
