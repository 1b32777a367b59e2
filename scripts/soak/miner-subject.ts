import { startMinerProcess } from "../miner-process.ts";
import { INSPECTED, openGarbageCollector } from "./garbage-collector.ts";
import { mixedLoad } from "./mixed-load.ts";
import type { SoakSubject } from "./soak-subject.ts";

/** A real miner with all its protocols. @throws what `startMinerProcess` throws */
export async function minerSubject(): Promise<SoakSubject> {
  const flags = ["--protocols", "btauth/1,v10,epistula/2"];
  const miner = await startMinerProcess(flags, { NODE_OPTIONS: INSPECTED });
  const garbage = await openGarbageCollector(miner.takeLog());
  return {
    process: { pid: miner.process.pid!, metricsUrl: miner.metricsUrl },
    load: (signal) => mixedLoad(miner, signal),
    tidy: async () => garbage?.collect(),
    broken: ({ answered }) => [
      ...(answered ? [] : ["no honest question was answered"]),
      ...(miner.process.exitCode === null ? [] : ["the miner ended"]),
    ],
    close: async () => {
      garbage?.close();
      await miner.close();
    },
  };
}
