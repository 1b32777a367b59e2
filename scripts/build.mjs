// Bundles the command line and the processes it starts into dist/. Packages stay outside: native ones cannot be
// bundled, and the others are loaded late. Exceptions are yargs, which is on the path of every --help, and the chain's
// packages: some six hundred small files, whose loading took most of the start of a chain or of a command that asks one.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundled = [
  "yargs",
  "yargs-parser",
  "y18n",
  "cliui",
  "escalade",
  "@polkadot",
  "@polkadot-api",
  "@noble",
  "ws",
];
/** What a template of one's own imports, as `subforge/<name>`: see `exports` in package.json. */
const forTemplates = [
  ...[
    "template",
    "define-task",
    "tensor",
    "play-epoch",
    "onnx-writer",
    "reasons",
    "errors",
    "types",
    "v10-synapse",
    "wire/address-policy",
  ],
  ...readdirSync(join(root, "shared", "rules"))
    .filter((file) => file.endsWith(".ts") && !/\.(test|test-kit)\.ts$/.test(file))
    .map((file) => `rules/${file.slice(0, -".ts".length)}`),
];

const replaced = { "string-width": "scripts/text-width.ts" };

const outsidePackages = {
  name: "outside-packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      if (replaced[path]) return { path: join(root, replaced[path]) };
      if (kind === "entry-point" || bundled.some((name) => path === name || path.startsWith(`${name}/`)))
        return undefined;
      return importer.includes("node_modules") && !path.startsWith("node:")
        ? undefined
        : { path, external: true };
    });
  },
};

const product = {
  cli: "scripts/main.ts",
  "inference-process": "miner/inference/process.ts",
  "inference-thread": "miner/inference/thread.ts",
  scorer: "scripts/scorer.ts",
  "stall-watch": "shared/stall-watch-thread.ts",
  ...Object.fromEntries(forTemplates.map((name) => [name, `shared/${name}.ts`])),
  testing: "scripts/creator/testing.ts",
};
/** What measures and attacks the product: npm scripts of a clone, not part of the package. */
const harnesses = {
  bench: "scripts/bench/bench.ts",
  "bench-gpu-loop": "scripts/bench/gpu-loop.ts",
  "bench-axon": "scripts/bench/axon-part.ts",
  "bench-flood": "scripts/bench/flood-part.ts",
  "bench-sweep": "scripts/bench/sweep-part.ts",
  "bench-queue": "scripts/bench/queue-part.ts",
  "bench-forecast": "scripts/bench/forecast-part.ts",
  fuzz: "scripts/fuzz/fuzz.ts",
  "fuzz-models": "scripts/fuzz/load-models.ts",
  soak: "scripts/soak/soak.ts",
  nemesis: "scripts/nemesis/nemesis.ts",
  "nemesis-stages": "scripts/nemesis/run-staged-validator.ts",
  interop: "scripts/interop/interop.ts",
  criteria: "scripts/sim/criteria.ts",
  scenario: "scripts/scenario/scenario.ts",
  docs: "scripts/docs.ts",
};

// Emptied only for the package: a process that runs from dist/ may still load one of its chunks.
const forPackage = process.argv.includes("--package");
if (forPackage) rmSync(join(root, "dist"), { recursive: true, force: true });
const { metafile } = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: forPackage ? product : { ...product, ...harnesses },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: !forPackage,
  logLevel: "warning",
  plugins: [outsidePackages],
  banner: {
    js: "import{createRequire as subforgeRequire}from'node:module';const require=subforgeRequire(import.meta.url);",
  },
});

/**
 * Digest of everything a template is made of: its own sources, those it imports, and the versions of its packages.
 * Two builds of the same code have the same one.
 */
function codeOf(entry) {
  const files = new Set();
  const packages = new Set();
  const visit = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const { path, external } of metafile.inputs[file].imports) {
      if (!external) visit(path);
      else if (!isBuiltin(path) && path !== "<runtime>")
        // the bundler's own helpers
        packages.add(path.split("/", path.startsWith("@") ? 2 : 1).join("/"));
    }
  };
  visit(entry);
  const hash = createHash("sha256");
  for (const file of [...files].sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  for (const name of [...packages].sort()) {
    const { version } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
    hash.update(`${name}@${version}\n`);
  }
  return hash.digest("hex");
}

const templates = readdirSync(join(root, "subnets"), { withFileTypes: true })
  .map(({ name }) => [name, `subnets/${name}/index.ts`])
  .filter(([, entry]) => metafile.inputs[entry]);
mkdirSync(join(root, "dist"), { recursive: true });
writeFileSync(
  join(root, "dist", "templates.json"),
  `${JSON.stringify(Object.fromEntries(templates.map(([name, entry]) => [name, codeOf(entry)])), null, 2)}\n`,
);
