import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../shared/process-entry.ts";
import { isTestFile, projectFiles } from "./sources.ts";

describe("the package", () => {
  it("carries the command line, its processes, every model of every subnet and the sources that create copies; no others, no tests", () => {
    const listed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: packageRoot(),
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024, // dist/ keeps the chunks of earlier builds
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [{ files }] = JSON.parse(listed) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    const models = projectFiles(".onnx").filter((path) => path.startsWith("subnets/"));
    expect(models.length).toBeGreaterThan(0);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/cli.js", "dist/inference-process.js", "LICENSE", ...models]),
    );
    const sources = paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
    expect(sources).toEqual(expect.arrayContaining(["subnets/hello/index.ts", "subnets/inference/index.ts"]));
    expect(sources.filter((path) => !path.startsWith("subnets/") || isTestFile(path))).toEqual([]);
  });
});
