import { readdirSync, readlinkSync } from "node:fs";
import { request } from "undici";
import { SubforgeError } from "../../shared/errors.ts";
import { childrenOf, residentMiB } from "../miner-process.ts";
import type { Sample } from "./soak-subject.ts";

const MIB = 2 ** 20;
const MS_PER_MINUTE = 60_000;

/** @param startedAt - Of the soak, by `performance.now()`. @throws SubforgeError INTERNAL when its metrics do not tell */
export async function sampleProcess(
  { pid, metricsUrl }: { pid: number; metricsUrl: string },
  startedAt: number,
): Promise<Sample> {
  const { body } = await request(metricsUrl);
  const heap = /^sf_memory_bytes\{kind="heap"\} (\S+)/m.exec(await body.text())?.[1];
  if (heap === undefined) throw new SubforgeError("INTERNAL", { what: "the metrics do not show the heap" });
  return {
    minute: (performance.now() - startedAt) / MS_PER_MINUTE,
    heapMiB: Number(heap) / MIB,
    rssMiB: residentMiB(pid),
    sockets: socketsOf(pid),
    children: childrenOf(pid).length,
  };
}

/** Open sockets of a process; 0 where the system does not tell. */
function socketsOf(pid: number): number {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).startsWith("socket:")).length;
  } catch {
    return 0;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}
