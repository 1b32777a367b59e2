import { FLOAT_KERNEL_MODULE } from "./float-kernel-module.ts";

/** An address in an instance's memory. */
type Address = { value: number };

/** What `assembly/{layout,epoch}.ts` export and the host uses. */
type Exports = {
  memory: { buffer: ArrayBuffer };
  voters: Address;
  rowBytes: Address;
  rows: Address;
  stake: Address;
  bonds: Address;
  bondSums: Address;
  consensus: Address;
  incentive: Address;
  trust: Address;
  dividends: Address;
  open(validators: number, miners: number): void;
  run(isByStake: boolean, kappa: number, keep: number, penalty: number): void;
  runLiquid(
    kappa: number,
    keep: number,
    penalty: number,
    alphaLow: number,
    alphaHigh: number,
    steepness: number,
  ): void;
};

/** The part of the platform that is used, which Node's types leave to the browser's. */
type WasmPlatform = {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** The compiled epoch with a memory of its own, which holds the matrices of one subnet. */
export type FloatKernel = Pick<Exports, "run" | "runLiquid"> & {
  /** Doubles from one row of `rows` to the next: miners, and zeros that make them a multiple of eight. */
  stride: number;
  /** Validators, made a multiple of four. */
  voters: number;
  rows: Float64Array;
  stake: Float64Array;
  /** [miners / 8 x voters x 8]. */
  bonds: Float64Array;
  /** What the bonds in a miner are together: 0 where somebody new took the place. */
  bondSums: Float64Array;
  /** What the last epoch found: 0..1 per miner, */
  consensus: Float64Array;
  incentive: Float64Array;
  /** and per validator. */
  trust: Float64Array;
  dividends: Float64Array;
};

/** @throws Error where WebAssembly or memory for it is not to be had. */
export function openFloatKernel(validators: number, miners: number): FloatKernel {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmPlatform }).WebAssembly;
  compiled ??= new Module(Buffer.from(FLOAT_KERNEL_MODULE, "base64"));
  const wasm = new Instance(compiled).exports as Exports;
  wasm.open(validators, miners);
  const voters = wasm.voters.value;
  const stride = wasm.rowBytes.value / Float64Array.BYTES_PER_ELEMENT;
  const at = ({ value }: Address, length: number) => new Float64Array(wasm.memory.buffer, value, length);
  return {
    run: wasm.run,
    runLiquid: wasm.runLiquid,
    stride,
    voters,
    rows: at(wasm.rows, voters * stride),
    stake: at(wasm.stake, validators),
    bonds: at(wasm.bonds, voters * stride),
    bondSums: at(wasm.bondSums, miners),
    consensus: at(wasm.consensus, miners),
    incentive: at(wasm.incentive, miners),
    trust: at(wasm.trust, validators),
    dividends: at(wasm.dividends, validators),
  };
}
