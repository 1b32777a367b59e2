import { describe, expect, it } from "vitest";
import { adoptSdkVariables, ourSpelling } from "./btcli-spellings.ts";

const options = { wallet: {}, hotkey: {}, "wallet-path": {}, encrypt: {}, words: {}, name: {} };

describe("spellings of btcli", () => {
  it.each([
    ["--wallet.name", "--wallet"],
    ["--wallet.name=alice", "--wallet=alice"],
    ["--wallet_hotkey", "--hotkey"],
    ["-H", "--hotkey"],
    ["-p", "--wallet-path"],
    ["--no-use-password", "--no-encrypt"],
    ["--n-words=24", "--words=24"],
    ["--name", "--name"],
    ["--subtensor.network", "--subtensor.network"],
    ["--H", "--H"],
    ["alice", "alice"],
    ["--", "--"],
    ["-", "-"],
    ["wallet.name", "wallet.name"],
  ])("%s is %s for a command with such options", (theirs, ours) => {
    expect(ourSpelling(theirs, options)).toBe(ours);
  });

  it("lets the SDK's variables stand for ours, and ours win", () => {
    const environment = {
      BT_WALLET_NAME: "a",
      BT_WALLET_HOTKEY: "b",
      SUBFORGE_HOTKEY: "c",
      BT_WALLET_PATH: "",
    };
    adoptSdkVariables(environment);
    expect(environment).toMatchObject({ SUBFORGE_WALLET: "a", SUBFORGE_HOTKEY: "c" });
    expect(environment).not.toHaveProperty("SUBFORGE_WALLET_PATH");
  });
});
