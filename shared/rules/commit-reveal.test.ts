import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { commitTo, opensCommitment } from "./commit-reveal.ts";

const opening = {
  reply: Buffer.from("answer"),
  salt: new Uint8Array(32).fill(1),
  minerPublicKey: new Uint8Array(32).fill(2),
  taskId: "round-3",
};

describe("a commitment", () => {
  it("is the hash of reply, salt, miner and task, in this order", () => {
    const bytes = Buffer.concat([
      opening.reply,
      opening.salt,
      opening.minerPublicKey,
      Buffer.from("round-3"),
    ]);
    expect(Buffer.from(commitTo(opening))).toEqual(createHash("sha256").update(bytes).digest());
  });

  it("opens to what was committed to", () => {
    expect(opensCommitment(commitTo(opening), opening)).toBe(true);
  });

  it.each([
    ["another reply", { reply: Buffer.from("Answer") }],
    ["another salt", { salt: new Uint8Array(32) }],
    ["another miner", { minerPublicKey: new Uint8Array(32) }],
    ["another task", { taskId: "round-4" }],
    [
      "a byte moved from the reply to the salt",
      { reply: Buffer.from("answe"), salt: Buffer.from(`r${"\x01".repeat(32)}`) },
    ],
    [
      "a byte moved from the task to the key",
      { minerPublicKey: Buffer.from(`${"\x02".repeat(32)}r`), taskId: "ound-3" },
    ],
  ])("does not open to %s", (_, change) => {
    expect(opensCommitment(commitTo(opening), { ...opening, ...change })).toBe(false);
  });

  it("does not open when it is no hash at all", () => {
    expect(opensCommitment(new Uint8Array(0), opening)).toBe(false);
  });
});
