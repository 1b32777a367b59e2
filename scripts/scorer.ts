/* Entry of a scorer's process: `--template ID`, one of ours, or `--file PATH`, a built module with one as its default. */
import { pathToFileURL } from "node:url";
import type { SubnetTemplate } from "../shared/template.ts";
import { loadSubnet } from "../subnets/registry.ts";
import { serveScorer } from "../validator/scoring/serve-scorer.ts";

const [flag, value = ""] = process.argv.slice(2);

await serveScorer(async () => {
  if (flag !== "--file") return loadSubnet(value);
  const module = (await import(pathToFileURL(value).href)) as { default: SubnetTemplate };
  return module.default;
});
