import { startMinerProcess } from "../miner-process.ts";
import { mixedLoad } from "./mixed-load.ts";
import type { SoakSubject } from "./soak-subject.ts";

/** A real miner with all its protocols. @throws what `startMinerProcess` throws */
export async function minerSubject(): Promise<SoakSubject> {
  const miner = await startMinerProcess(["--protocols", "btauth/1,v10,epistula/2"]);
  return {
    process: { pid: miner.process.pid!, metricsUrl: miner.metricsUrl },
    load: (signal) => mixedLoad(miner, signal),
    broken: ({ answered }) => [
      ...(answered ? [] : ["no honest question was answered"]),
      ...(miner.process.exitCode === null ? [] : ["the miner ended"]),
    ],
    close: () => miner.close(),
  };
}
