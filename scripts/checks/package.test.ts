import { execFileSync } from "node:child_process";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { type ProcessEntry, packageRoot } from "../../shared/process-entry.ts";
import { isTestFile, projectFiles, readSource } from "./sources.ts";

const RULES = "dist/rules/*.js";
const rules = projectFiles(".ts")
  .filter((path) => /^shared\/rules\/[^/]+$/.test(path) && !isTestFile(path))
  .map((path) => basename(path, ".ts"));
/** What `exports` promises to templates; their types are made when the package is, see `npm run package`. */
const exported = Object.values(
  JSON.parse(readSource("package.json")!).exports as Record<string, { default: string }>,
)
  .map((target) => target.default.slice("./".length))
  .flatMap((path) => (path === RULES ? rules.map((name) => `dist/rules/${name}.js`) : [path]));

const processes: ProcessEntry[] = ["cli", "inference-process", "inference-thread", "scorer", "stall-watch"];
const BUILT = [...processes.map((name) => `dist/${name}.js`), "dist/templates.json", ...exported];

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
    expect(paths).toEqual(expect.arrayContaining([...BUILT, "LICENSE", ...models]));
    const sources = paths.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
    expect(sources).toEqual(expect.arrayContaining(["subnets/hello/index.ts", "subnets/inference/index.ts"]));
    expect(sources.filter((path) => !path.startsWith("subnets/") || isTestFile(path))).toEqual([]);
  });
});
