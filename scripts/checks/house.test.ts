import { describe, expect, it } from "vitest";
import { projectFiles, ROOMS, readSource } from "./sources.ts";

const TEXT = [".ts", ".mjs", ".md", ".json", ".yml", ".yaml", ".sh", ".html", ".css", ".svg", "Dockerfile"];

/** Names of one machine or one account have no place in a project that others clone. */
const FORBIDDEN: Record<string, RegExp> = {
  "a package registry": new RegExp(["registry", "npmjs", "org"].join("\\.")),
  "a path of one machine": /(?<![\w.])\/(?:work|Users|root)\/\w/,
  "a private key": /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  "a token": /\b(?:ghp|github_pat|npm|xoxb)_[A-Za-z0-9]{20,}/,
};

describe("house", () => {
  it.each(ROOMS)("%s/ has a README that says what it is for", (room) => {
    expect(readSource(`${room}/README.md`)?.length ?? 0).toBeGreaterThan(200);
  });

  it.each(Object.entries(FORBIDDEN))("no file names %s", (_what, pattern) => {
    const found = projectFiles(...TEXT).filter((path) => pattern.test(readSource(path) ?? ""));
    expect(found).toEqual([]);
  });

  it("files are named in kebab-case, and none is called utils or helpers", () => {
    const wrong = projectFiles(".ts").filter((path) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return !/^[a-z0-9]+([.-][a-z0-9]+)*\.ts$/.test(name) || /^(utils?|helpers?)\./.test(name);
    });
    expect(wrong).toEqual([]);
  });

  it("no source leaves a suppression or unfinished work behind", () => {
    const marks = new RegExp(
      ["TO" + "DO", "FIX" + "ME", "@ts-" + "ignore", "@ts-" + "expect-error"].join("|"),
    );
    expect(projectFiles(".ts", ".mjs").filter((path) => marks.test(readSource(path) ?? ""))).toEqual([]);
  });
});
