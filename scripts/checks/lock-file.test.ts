import { describe, expect, it } from "vitest";
import { readSource } from "./sources.ts";

type Locked = { version?: string; optionalDependencies?: Record<string, string> };

const { packages } = JSON.parse(readSource("package-lock.json") ?? "{}") as {
  packages: Record<string, Locked>;
};

describe("package-lock.json", () => {
  it("names the packages of every platform: npm ci refuses a lock that leaves one out", () => {
    const absent = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
      ),
    );
    expect(absent).toEqual([]);
  });

  it("states a version for each of them", () => {
    const loose = Object.entries(packages).filter(
      ([path, { version }]) => path !== "" && version === undefined,
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });
});
