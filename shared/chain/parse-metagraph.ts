import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import type { Netuid } from "../types.ts";
import { ipFromNumber } from "./call-shape.ts";
import type { AxonAddress, Metagraph } from "./metagraph.ts";

const U16_MAX = 65_535;

/** Numbers come as JSON numbers, decimal text or hex, depending on their size. */
const amount = z
  .union([z.number().int().nonnegative(), z.string().regex(/^(0x[0-9a-f]+|\d+)$/)])
  .transform(BigInt);
const counter = amount.transform(Number).pipe(z.number().int().nonnegative());
const ratio = z
  .number()
  .int()
  .min(0)
  .max(U16_MAX)
  .transform((value) => value / U16_MAX);

const axon = z.object({
  block: counter,
  version: counter,
  ip: amount,
  port: counter,
  ipType: counter,
  protocol: counter,
});

const schema = z.object({
  block: counter,
  hotkeys: z.array(z.string()),
  coldkeys: z.array(z.string()),
  axons: z.array(axon),
  active: z.array(z.boolean()),
  validatorPermit: z.array(z.boolean()),
  lastUpdate: z.array(counter),
  emission: z.array(amount),
  dividends: z.array(ratio),
  incentives: z.array(ratio),
  consensus: z.array(ratio),
  blockAtRegistration: z.array(counter),
  totalStake: z.array(amount),
});

/**
 * The answer of `SubnetInfoRuntimeApi.get_metagraph`, decoded to JSON, as a snapshot.
 *
 * @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_BAD_ANSWER
 */
export function parseMetagraph(netuid: Netuid, answer: unknown): Metagraph {
  if (answer === null) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  const parsed = schema.safeParse(answer);
  if (!parsed.success) {
    throw new SubforgeError("CHAIN_BAD_ANSWER", {
      what: "the metagraph",
      problem: z.prettifyError(parsed.error),
    });
  }
  const { block, ...columns } = parsed.data;
  const size = columns.hotkeys.length;
  const short = Object.entries(columns).find(([, column]) => column.length !== size);
  if (short) {
    throw new SubforgeError("CHAIN_BAD_ANSWER", {
      what: "the metagraph",
      problem: `${short[0]} has ${short[1].length} entries for ${size} neurons`,
    });
  }
  return {
    netuid,
    block,
    neurons: columns.hotkeys.map((hotkey, uid) => ({
      uid,
      hotkey,
      coldkey: columns.coldkeys[uid]!,
      axon: toAxon(columns.axons[uid]!),
      stakeRao: columns.totalStake[uid]!,
      validatorPermit: columns.validatorPermit[uid]!,
      active: columns.active[uid]!,
      incentive: columns.incentives[uid]!,
      dividends: columns.dividends[uid]!,
      consensus: columns.consensus[uid]!,
      emissionRao: columns.emission[uid]!,
      lastUpdate: columns.lastUpdate[uid]!,
      registeredAt: columns.blockAtRegistration[uid]!,
    })),
  };
}

/** A record without a port was never written. */
function toAxon({
  block,
  version,
  ip,
  port,
  ipType,
  protocol,
}: z.infer<typeof axon>): AxonAddress | undefined {
  return port === 0 ? undefined : { ip: ipFromNumber(ip, ipType), port, protocol, version, block };
}
