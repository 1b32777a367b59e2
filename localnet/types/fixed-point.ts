import type { Codec } from "@polkadot-api/substrate-bindings";
import { record } from "./composites.ts";
import { I64, I128, U128 } from "./primitives.ts";
import { createNode, named, type TypeNode } from "./type-node.ts";

/*
 * The chain's fixed-point numbers. A value is its raw integer: number * 2^(fraction bits). In the registry the number
 * of fraction bits is a type made of bits, as the Rust library `typenum` writes it.
 */

const B0 = record("substrate_typenum::bit::B0", {});
const B1 = record("substrate_typenum::bit::B1", {});
const UTerm = record("substrate_typenum::uint::UTerm", {});

const FRACTION_32 = typenum(32);
const FRACTION_64 = typenum(64);

export const I32F32 = fixedPoint("I32F32", "FixedI64", I64, FRACTION_32);
export const I96F32 = fixedPoint("I96F32", "FixedI128", I128, FRACTION_32);
export const I64F64 = fixedPoint("I64F64", "FixedI128", I128, FRACTION_64);
export const U64F64 = fixedPoint("U64F64", "FixedU128", U128, FRACTION_64);
export const U96F32 = fixedPoint("U96F32", "FixedU128", U128, FRACTION_32);

function fixedPoint(typeName: string, path: string, bits: TypeNode<bigint>, fraction: TypeNode) {
  const { shape } = record(`substrate_fixed::${path}`, { bits }, { Frac: fraction });
  const node = createNode(bits.codec as unknown as Codec<bigint>, shape, typeName);
  return { ...node, decode: bits.decode };
}

/** An unsigned integer as a type: its bits from the most significant one. */
function typenum(value: number): TypeNode {
  return [...value.toString(2)].reduce<TypeNode>((msb, bit) => {
    const lsb = bit === "1" ? B1 : B0;
    return record(
      "substrate_typenum::uint::UInt",
      { msb: named("U", msb), lsb: named("B", lsb) },
      { U: msb, B: lsb },
    );
  }, UTerm);
}
