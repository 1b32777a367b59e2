import { expect, it } from "vitest";
import { fromAddress } from "../keys/keypair.ts";
import { minerKey } from "./miner-key.ts";

it("is the public key in an address, and the hash of what is none", () => {
  const address = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
  expect(minerKey(address)).toEqual(fromAddress(address));
  for (const name of ["5Miner", "", "not an address", "1".repeat(300)]) {
    expect(minerKey(name)).toHaveLength(32);
    expect(minerKey(name)).toEqual(minerKey(name));
  }
  expect(minerKey("5A")).not.toEqual(minerKey("5B"));
});
