import type { Keypair } from "../shared/keys/keypair.ts";
import type { Announcement } from "../shared/queue/announcement.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import type { QueueScope } from "../shared/queue/job-ids.ts";
import {
  type CollectQueue,
  type DispatchQueue,
  openCollectQueue,
  openDispatchQueue,
  queueKeyPurpose,
} from "../shared/queue/queues.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { Hex, Json } from "../shared/types.ts";
import type { Assignment } from "./validator.ts";

/** The queues of one template on one subnet. Its mechanisms share them: which one a job is of stands in the job. */
export type Scope = {
  template: SubnetTemplate;
  announcement: QueueScope & Pick<Announcement, "version" | "config">;
  /** Tags what goes through the queues. */
  key: Uint8Array;
  dispatch: DispatchQueue;
  collect: CollectQueue;
};

/**
 * @param opened - Gets whatever has to be closed, also when a later one cannot be opened.
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function openScopes(
  assignments: readonly Assignment[],
  { genesis, signer, queue }: { genesis: Hex; signer: Keypair; queue: ConnectOptions },
  opened: { close(): unknown }[],
): Promise<Scope[]> {
  const scopes: Scope[] = [];
  for (const { netuid, template, config } of assignments) {
    const scope: QueueScope = { genesis, validator: signer.address, netuid, template: template.id };
    const isOpen = scopes.some(
      ({ announcement }) => announcement.netuid === netuid && announcement.template === template.id,
    );
    if (isOpen) continue;
    const key = signer.deriveSecret(queueKeyPurpose(scope));
    const dispatch = await openDispatchQueue(scope, key, queue);
    opened.unshift(dispatch);
    const collect = await openCollectQueue(scope, key, queue);
    opened.unshift(collect);
    const announcement = { ...scope, version: template.version, config: config as Json };
    scopes.push({ template, announcement, key, dispatch, collect });
  }
  return scopes;
}
