import { describe, expect, it } from "vitest";
import { shellWord, unsafeFolder, unsafePublicFile, unsafeSecretFile } from "./keyfile-safety.ts";

const ME = 1000;

describe("keyfile safety", () => {
  it.each([
    [0o600, ME, true, true, true],
    [0o400, ME, true, true, true],
    [0o640, ME, false, true, true],
    [0o604, ME, false, true, true],
    [0o644, ME, false, true, true],
    [0o620, ME, false, false, false],
    [0o602, ME, false, false, false],
    [0o600, 0, false, false, false],
    [0o600, 1001, false, false, false],
  ])("W5 judges mode %o of user %i: secret %s, public %s, folder %s", (mode, uid, secret, open, folder) => {
    const found = [unsafeSecretFile, unsafePublicFile, unsafeFolder].map(
      (judge) => judge({ mode, uid }, "/w/k", ME).length === 0,
    );
    expect(found).toEqual([secret, open, folder]);
  });

  it("names every problem with the command that mends it", () => {
    expect(unsafeSecretFile({ mode: 0o100644, uid: 5 }, "/w/my keys/k", ME)).toEqual([
      {
        problem: "it belongs to user 5, not to 1000",
        mend: "run as user 5, or: sudo chown 1000 '/w/my keys/k'",
      },
      { problem: "others may read it (mode 644)", mend: "run: chmod 600 '/w/my keys/k'" },
    ]);
  });

  it("judges by the mode alone where users have no number", () => {
    expect(unsafeSecretFile({ mode: 0o600, uid: 0 }, "k")).toEqual([]);
  });

  it("quotes a path as a shell takes it", () => {
    expect(shellWord("/a/b-c.d")).toBe("/a/b-c.d");
    expect(shellWord("it's; rm -rf ~")).toBe("'it'\\''s; rm -rf ~'");
  });
});
