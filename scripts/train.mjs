// Trains the models that come with the subnets and writes them to subnets/<name>/models. Deterministic: on one
// release of Node the same files come out again. Usage: node scripts/train.mjs [subnet [preset]]
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outfile = join(root, "dist", "train.js");
await build({
  absWorkingDir: root,
  entryPoints: ["scripts/training/train.ts"],
  outfile,
  bundle: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  logLevel: "warning",
});
const { train } = await import(pathToFileURL(outfile).href);
await train(process.argv[2], process.argv[3]);
