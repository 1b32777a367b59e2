import type { ProtocolId } from "../shared/wire/protocol.ts";

/** Headers that a caller of each convention sends, as clients spell them. All of them together are one proof. */
const HEADERS: Record<ProtocolId, Record<string, string>> = {
  "btauth/1": {
    "X-Bittensor-Version": "1",
    "X-Bittensor-Hotkey": "the caller, SS58",
    "X-Bittensor-Receiver": "this miner's hotkey, SS58",
    "X-Bittensor-Nonce": "Unix time in nanoseconds, never the same twice",
    "X-Bittensor-Signature":
      "0x and 128 hex digits: sr25519 over eight lines joined by LF: btauth/1, sr25519, method, path and query, " +
      "SHA-256 of the body in hex, nonce, caller, receiver",
  },
  v10: {
    bt_header_dendrite_nonce: "Unix time in nanoseconds",
    bt_header_dendrite_hotkey: "the caller, SS58",
    bt_header_dendrite_uuid: "of the calling program",
    bt_header_dendrite_signature: "0x and 128 hex digits: sr25519 over nonce.caller.receiver.uuid.body hash",
    computed_body_hash: "SHA3-256 over the fields that the class requires to be hashed",
  },
  "epistula/2": {
    "Epistula-Version": "2",
    "Epistula-Timestamp": "Unix time in milliseconds",
    "Epistula-Uuid": "of this request",
    "Epistula-Signed-By": "the caller, SS58",
    "Epistula-Signed-For": "this miner's hotkey, SS58",
    "Epistula-Request-Signature":
      "0x and 128 hex digits: sr25519 over SHA-256 of the body.uuid.timestamp.receiver",
  },
};

/** Of the conventions that are taken: one scheme for each header, for the format knows no larger ones. */
export function securitySchemes(protocols: readonly ProtocolId[]): Record<string, object> {
  return Object.fromEntries(
    protocols.flatMap((protocol) =>
      Object.entries(HEADERS[protocol]).map(([name, description]) => [
        schemeName(protocol, name),
        { type: "apiKey", in: "header", name, description },
      ]),
    ),
  );
}

/** All headers of one of these conventions. */
export function securityOf(accepts: readonly ProtocolId[]): Record<string, string[]>[] {
  return accepts.map((protocol) =>
    Object.fromEntries(Object.keys(HEADERS[protocol]).map((name) => [schemeName(protocol, name), []])),
  );
}

function schemeName(protocol: ProtocolId, header: string): string {
  return `${protocol}.${header}`.replace("/", "-");
}
