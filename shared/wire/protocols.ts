import { btauth, DEFAULT_WINDOW, type FreshnessWindow } from "./btauth.ts";
import { EPISTULA_WINDOW, epistula } from "./epistula.ts";
import type { Protocol, ProtocolId } from "./protocol.ts";
import { V10_WINDOW, v10 } from "./v10/v10.ts";

/** Every convention with the widest window that a request of it can get. */
export const PROTOCOLS: Record<ProtocolId, { protocol: Protocol; window: FreshnessWindow }> = {
  "btauth/1": { protocol: btauth, window: DEFAULT_WINDOW },
  v10: { protocol: v10, window: V10_WINDOW },
  "epistula/2": { protocol: epistula, window: EPISTULA_WINDOW },
};

/** In the order in which they are preferred. */
export const PROTOCOL_IDS = Object.keys(PROTOCOLS) as ProtocolId[];
