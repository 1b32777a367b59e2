/** Number of a subnet, u16. 0 is the root network. */
export type Netuid = number;

/** Slot of a neuron inside one subnet, u16. Recycled: store by hotkey, never by uid. */
export type Uid = number;

/** SS58 address (prefix 42) of the key that signs for a neuron. */
export type Hotkey = string;

/** SS58 address (prefix 42) of the key that owns hotkeys and stake. */
export type Coldkey = string;

/** Height of a block; a time only through the chain's block time. */
export type BlockNumber = number;

/** 10^-9 TAO, or 10^-9 alpha where the docstring says so. */
export type Rao = bigint;

/** `0x` and lower-case hexadecimal digits, two per byte. */
export type Hex = `0x${string}`;

/** Anything that survives `JSON.parse(JSON.stringify(x))` unchanged. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
