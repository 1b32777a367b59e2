import type { Announcement } from "../../miner/announce.ts";
import { detectAddress } from "../../miner/reachability.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { WantedAddress } from "../commands/miner.ts";

/**
 * The address to publish: the one that was named, else the one found.
 *
 * @throws SubforgeError MINER_ADDRESS_UNKNOWN for `auto` where nothing here can know
 */
export async function toAnnouncement(args: {
  announce: WantedAddress;
  port: number;
  reachHelper: string | undefined;
}): Promise<Announcement> {
  if (args.announce !== "auto") return args.announce;
  const found = await detectAddress({ helper: args.reachHelper });
  if (!found.ok) throw new SubforgeError("MINER_ADDRESS_UNKNOWN", { reason: found.why });
  return { ip: found.ip, port: args.port };
}
