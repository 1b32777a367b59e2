import { UndecodableExtrinsic } from "../engine.ts";
import { blake2b256 } from "../state/hashing.ts";
import { CompactU32 } from "../types/primitives.ts";
import { MultiAddress, MultiSignature } from "../types/substrate-types.ts";
import type { ValueOf } from "../types/type-node.ts";
import { decodeExactly, type TypeNode } from "../types/type-node.ts";
import type { RuntimeCall } from "./dsl/context.ts";
import type { Pallet } from "./dsl/pallet.ts";
import { AdditionalSigned, SignedExtra } from "./extensions.ts";
import { explainUndeclared } from "./undeclared-calls.ts";

/** First byte of the body: signed version 4, and unsigned versions 4 and 5. */
const SIGNED = 0x84;
const BARE = [0x04, 0x05];

/** Longest payload that is signed as it is; of a longer one the hash is. */
const MAX_PLAIN_PAYLOAD = 256;

/** Calls may contain calls this deep. */
const MAX_NESTING = 8;

export type Extrinsic = {
  /** Bytes of all of it: what its length fee counts. */
  length: number;
  call: RuntimeCall;
  callBytes: Uint8Array;
  signed: { address: MultiAddress; signature: MultiSignature; extra: SignedExtra } | undefined;
};

/** Decodes and encodes extrinsics of one runtime. */
export type ExtrinsicCodec = {
  /** @throws UndecodableExtrinsic naming an unknown pallet or call */
  decode(bytes: Uint8Array): Extrinsic;
  encodeBare(call: RuntimeCall): Uint8Array;
};

export function createExtrinsicCodec(
  call: TypeNode<RuntimeCall>,
  pallets: readonly Pallet[],
): ExtrinsicCodec {
  return {
    decode(bytes) {
      const body = unwrap(bytes);
      const version = body[0];
      const length = bytes.length;
      if (version !== undefined && BARE.includes(version)) {
        const callBytes = body.slice(1);
        return { length, call: decodeCall(call, callBytes, pallets), callBytes, signed: undefined };
      }
      if (version !== SIGNED) throw new UndecodableExtrinsic(`unknown extrinsic version ${version}`);
      let rest = body.slice(1);
      const take = <T>(node: TypeNode<T>): T => {
        const [value, size] = decodeHead(node, rest);
        rest = rest.slice(size);
        return value;
      };
      const address = take(MultiAddress);
      const signature = take(MultiSignature);
      const extra = take(SignedExtra);
      return {
        length,
        call: decodeCall(call, rest, pallets),
        callBytes: rest,
        signed: { address, signature, extra },
      };
    },
    encodeBare(value) {
      const encoded = call.encode(value);
      const length = CompactU32.encode(encoded.length + 1);
      // A copy of its own: what Buffer.concat makes shares its memory with others, and blocks are kept for long.
      return new Uint8Array(Buffer.concat([length, Uint8Array.of(BARE[0]!), encoded]));
    },
  };
}

/** The bytes under a signature. */
export function signedPayload(
  callBytes: Uint8Array,
  extra: SignedExtra,
  additional: ValueOf<typeof AdditionalSigned>,
): Uint8Array {
  const payload = Buffer.concat([callBytes, SignedExtra.encode(extra), AdditionalSigned.encode(additional)]);
  return payload.length > MAX_PLAIN_PAYLOAD ? blake2b256(payload) : payload;
}

function unwrap(bytes: Uint8Array): Uint8Array {
  const [length, size] = decodeHead(CompactU32, bytes);
  if (length !== bytes.length - size) throw new UndecodableExtrinsic("the length prefix does not match");
  return bytes.slice(size);
}

/** Decode from the beginning of `bytes`. @returns the value and how many bytes it took */
function decodeHead<T>(node: TypeNode<T>, bytes: Uint8Array): [T, number] {
  try {
    const value = node.decode(bytes);
    const again = node.encode(value);
    // One spelling of each value: what is encoded another way, or cut off, is refused.
    if (Buffer.compare(again, bytes.subarray(0, again.length)) === 0) return [value, again.length];
  } catch {
    // falls through: the codec's own message speaks of buffers
  }
  throw new UndecodableExtrinsic(`no ${node.typeName} where one should be`);
}

function decodeCall(node: TypeNode<RuntimeCall>, bytes: Uint8Array, pallets: readonly Pallet[]): RuntimeCall {
  let call: RuntimeCall;
  try {
    call = decodeExactly(node, bytes);
  } catch {
    throw new UndecodableExtrinsic(explain(bytes, node, pallets));
  }
  if (nesting(call) > MAX_NESTING)
    throw new UndecodableExtrinsic(`calls are nested deeper than ${MAX_NESTING}`);
  return call;
}

/** Say which call this chain does not have, since that is the usual reason; also when it is inside of another. */
function explain(bytes: Uint8Array, node: TypeNode<RuntimeCall>, pallets: readonly Pallet[]): string {
  const [palletIndex, callIndex] = bytes;
  if (palletIndex === undefined || callIndex === undefined) return "there is no call in it";
  const pallet = pallets.find(({ index }) => index === palletIndex);
  const declared = Object.entries(pallet?.calls ?? {}).find(([, { index }]) => index === callIndex);
  if (pallet === undefined || declared === undefined) {
    return explainUndeclared(palletIndex, callIndex, pallet?.name);
  }
  const [name, { args }] = declared;
  const inner = undecodableInside(bytes.slice(2), Object.values(args), node);
  return inner === undefined
    ? `the arguments of ${pallet.name}.${name} cannot be decoded`
    : explain(inner, node, pallets);
}

/** @returns what is left from the first call on that cannot be decoded; undefined when something else is to blame */
function undecodableInside(
  bytes: Uint8Array,
  args: readonly TypeNode[],
  node: TypeNode<RuntimeCall>,
): Uint8Array | undefined {
  let rest = bytes;
  for (const arg of args) {
    const after = skip(arg, rest);
    if (after !== undefined) rest = after;
    else if (arg.codec === node.codec) return rest;
    else return arg.typeName.includes("RuntimeCall") ? undecodableInList(rest, node) : undefined;
  }
  return undefined;
}

function undecodableInList(bytes: Uint8Array, node: TypeNode<RuntimeCall>): Uint8Array | undefined {
  let rest = skip(CompactU32, bytes);
  while (rest !== undefined && rest.length > 0) {
    const after = skip(node, rest);
    if (after === undefined) return rest;
    rest = after;
  }
  return undefined;
}

function skip(node: TypeNode, bytes: Uint8Array): Uint8Array | undefined {
  try {
    return bytes.slice(decodeHead(node, bytes)[1]);
  } catch (error) {
    if (error instanceof UndecodableExtrinsic) return undefined;
    throw error;
  }
}

function nesting(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 0;
  let deepest = 0;
  for (const part of Object.values(value)) deepest = Math.max(deepest, nesting(part));
  return isCall(value) ? deepest + 1 : deepest;
}

function isCall(value: object): boolean {
  return (
    "type" in value &&
    "value" in value &&
    typeof value.value === "object" &&
    value.value !== null &&
    "type" in value.value
  );
}
