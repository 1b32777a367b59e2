/*
 * The part of WebAssembly's JavaScript interface that a host needs. The types of Node do not declare it, and those of
 * browsers would bring a window with them.
 */

declare const moduleBrand: unique symbol;

/** Compiled code, shared by all instances. */
export type WasmModule = { readonly [moduleBrand]: true };

export type WasmMemory = {
  /** Detached by `grow`: never keep it. */
  readonly buffer: ArrayBuffer;
  /** @throws RangeError beyond the maximum */
  grow(pages: number): number;
};

export type WasmGlobal = { readonly value: number };

export type WasmInstance = { readonly exports: Record<string, unknown> };

type Interface = {
  Module: {
    new (bytes: Uint8Array): WasmModule;
    imports(module: WasmModule): { module: string; name: string; kind: string }[];
    exports(module: WasmModule): { name: string; kind: string }[];
  };
  Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, unknown>>) => WasmInstance;
};

export const { Module, Memory, Instance } = (globalThis as unknown as { WebAssembly: Interface }).WebAssembly;
