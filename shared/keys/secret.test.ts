import { format, inspect } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "./keypair.ts";
import { keyfileFromMnemonic, newMnemonic } from "./new-keyfile.ts";
import { Secret } from "./secret.ts";

const CANARY = "correct horse battery staple";

beforeAll(keysReady);

/** Every way in which a value gets into a text by mistake. */
const WAYS: [name: string, way: (value: unknown) => string][] = [
  ["inspect", (value) => inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })],
  ["inspect of what holds it", (value) => inspect({ a: [{ value }] }, { depth: null })],
  ["format", (value) => format("%s %o %j %O", value, value, value, value)],
  ["JSON", (value) => JSON.stringify({ value })],
  ["a template", (value) => `${value}`],
  ["a sum of texts", (value) => `x${String(value)}`],
  ["spreading", (value) => JSON.stringify({ ...(value as object) })],
  ["an error's cause", (value) => inspect(new Error("x", { cause: value }))],
];

describe("T33: secrets", () => {
  it.each(WAYS)("a password is not shown by %s", (_name, way) => {
    expect(way(new Secret(CANARY))).not.toContain("horse");
  });

  it.each(WAYS)("a key pair is not shown by %s", (_name, way) => {
    const seed = Buffer.alloc(32, 0x5a);
    const shown = way(Keypair.fromSeed(seed));
    expect(shown).not.toMatch(/5a5a5a|90, *90, *90|WlpaWlpa/);
  });

  it.each(WAYS)("a new keyfile is not shown by %s", (_name, way) => {
    const phrase = newMnemonic().revealText();
    const shown = way(keyfileFromMnemonic(new Secret(phrase)));
    expect(shown).not.toContain(phrase.split(" ").slice(0, 3).join(" "));
    expect(shown).not.toContain("secretSeed");
  });

  it("says [secret] where a secret stood", () => {
    const password = new Secret(CANARY);
    const pair = Keypair.fromUri("//Alice");
    expect([`${password}`, JSON.stringify(password), inspect(password)]).toEqual([
      "[secret]",
      '"[secret]"',
      "[secret]",
    ]);
    expect([`${pair}`, inspect(pair)]).toEqual(Array(2).fill(`Keypair ${pair.address} [secret]`));
  });

  it("gives the secret to who asks for it by name, and a copy only", () => {
    const secret = new Secret(CANARY);
    secret.revealBytes().fill(0);
    expect(secret.revealText()).toBe(CANARY);
  });
});
