import { fromHex } from "../keys/key-forms.ts";
import { fromAddress, verifySr25519 } from "../keys/keypair.ts";
import { keccak256, oracleSigner } from "../keys/oracle-key.ts";
import type { PublishedResult } from "../template.ts";
import type { BlockNumber, Hex, Netuid } from "../types.ts";
import { toFixed18 } from "./fixed-18.ts";
import { statementBytes } from "./signed-statement.ts";

/*
 * A result as contracts and consumers check it. The digest is that of EIP-712, so that the library of any wallet or contract
 * finds the same 32 bytes: keccak-256 over a domain separator and the record. Source: Ethereum improvement proposal 712.
 */

/** Short words that stand in an URL: no character needs another spelling there. */
export const TOPIC_NAME = /^[a-z0-9-]{1,64}$/;

export const RESULT_DOMAIN = { name: "subforge result", version: "1" } as const;

const DOMAIN_TYPE = "EIP712Domain(string name,string version,bytes32 salt)";
const RECORD_TYPE =
  "Result(uint16 netuid,string topic,uint64 epoch,int256 value,int256[4] ci,uint64 validUntil,uint64 nonce)";

/** What is signed. */
export type ResultRecord = {
  netuid: Netuid;
  /** From `topicId`. */
  topic: string;
  epoch: number;
  /** Any unit; scaled by 10^18 in the digest. */
  value: number;
  /** 2.28, 15.87, 84.13, 97.72 %. */
  ci: PublishedResult["ci"];
  /** Last block of the subnet's chain in which a contract there takes it. */
  validUntil: BlockNumber;
  nonce: number;
};

/** `sr25519`: by a hotkey, over `statementBytes`. `secp256k1`: by an oracle key, over the digest itself. */
export type ResultSignature = { scheme: "sr25519" | "secp256k1"; signer: string; signature: Hex };

/** A topic's name among all topics of all subnets: two mechanisms may give theirs the same one. */
export function topicId(netuid: Netuid, mechanism: number, name: string): string {
  return `${netuid}-${mechanism}-${name}`;
}

/**
 * What keccak-256 makes the digest of. 66 bytes.
 *
 * @param genesis - Of the chain the subnet is on: the salt of the domain.
 * @throws RangeError for a number that is no int256 when scaled
 */
export function resultPreimage(genesis: Hex, record: ResultRecord): Uint8Array {
  const { netuid, topic, epoch, value, ci, validUntil, nonce } = record;
  const domain = struct(DOMAIN_TYPE, [
    ...[text(RESULT_DOMAIN.name), text(RESULT_DOMAIN.version), fromHex(genesis)],
  ]);
  const body = struct(RECORD_TYPE, [
    ...[word(BigInt(netuid)), text(topic), word(BigInt(epoch)), word(scaled(value))],
    keccak256(Buffer.concat(ci.map((bound) => word(scaled(bound))))),
    ...[word(BigInt(validUntil)), word(BigInt(nonce))],
  ]);
  return Buffer.concat([Buffer.of(0x19, 0x01), domain, body]);
}

/** 32 bytes. @throws as `resultPreimage` */
export function resultDigest(genesis: Hex, record: ResultRecord): Uint8Array {
  return keccak256(resultPreimage(genesis, record));
}

/** What a hotkey signs. */
export function resultStatement(digest: Uint8Array): Uint8Array {
  return statementBytes("result/1", digest);
}

/** Is it a signature of its signer over this record? Never throws. */
export function verifyResult(genesis: Hex, record: ResultRecord, by: ResultSignature): boolean {
  try {
    const preimage = resultPreimage(genesis, record);
    if (by.scheme === "secp256k1") return oracleSigner(preimage, by.signature) === by.signer;
    const publicKey = fromAddress(by.signer);
    const statement = resultStatement(keccak256(preimage));
    return publicKey !== undefined && verifySr25519(statement, fromHex(by.signature), publicKey);
  } catch {
    return false;
  }
}

function struct(type: string, words: readonly Uint8Array[]): Uint8Array {
  return keccak256(Buffer.concat([text(type), ...words]));
}

function text(value: string): Uint8Array {
  return keccak256(Buffer.from(value));
}

function scaled(value: number): bigint {
  const whole = toFixed18(value);
  if (whole === undefined) throw new RangeError(`${value} is no int256 when scaled`);
  return whole;
}

/** 32 bytes, big-endian, two's complement. */
function word(value: bigint): Uint8Array {
  return fromHex(`0x${BigInt.asUintN(256, value).toString(16).padStart(64, "0")}`);
}
