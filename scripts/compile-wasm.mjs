// Compiles what we wrote in AssemblyScript to the modules that are committed beside the sources, so that nobody needs
// the compiler to run or build the project. With --check it writes nothing and fails when a committed module is not, byte
// for byte, what its sources give. With --check=sources it only compares the hash of the sources: quick.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const options =
  "--runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --use abort= --enable simd --disableWarning 112".split(
    " ",
  );
/** Each is <name>-module.ts beside assembly/. What the entries export, the module exports. */
const MODULES = [
  { folder: "shared/keys/sr25519", name: "sr25519", entries: ["session.ts", "verifier.ts", "signer.ts"] },
  { folder: "simulator/float-kernel", name: "float-kernel", entries: ["layout.ts", "epoch.ts"] },
];

for (const { folder, name, entries } of MODULES) {
  const sources = join(root, folder, "assembly");
  const target = join(root, folder, `${name}-module.ts`);
  const head = headOf(sources, entries);
  const isSame = (test) => {
    if (test(readFileSync(target, "utf8"))) return;
    process.stderr.write(`${name}-module.ts is not what assembly/ compiles to: npm run compile-wasm\n`);
    process.exitCode = 1;
  };
  if (process.argv.includes("--check=sources")) isSame((text) => text.startsWith(head));
  else {
    const module = Buffer.from(await compile(sources, name, entries)).toString("base64");
    const constant = `${name.replaceAll("-", "_").toUpperCase()}_MODULE`;
    const text = `${head}export const ${constant} =\n  "${module}";\n`;
    if (process.argv.includes("--check")) isSame((committed) => committed === text);
    else writeFileSync(target, text);
  }
}

function headOf(sources, entries) {
  const hash = createHash("sha256").update([...entries, ...options].join(" "));
  for (const name of readdirSync(sources).sort()) {
    if (name.endsWith(".ts") && !name.endsWith(".test-kit.ts"))
      hash.update(`\0${name}\0`).update(readFileSync(join(sources, name)));
  }
  return `/**
 * What assembly/ compiles to, by \`npm run compile-wasm\`. Base64, so that it travels with every bundle.
 * Sources: sha256 ${hash.digest("hex")}
 */
`;
}

async function compile(sources, name, entries) {
  const { default: asc } = await import("assemblyscript/asc");
  const files = new Map();
  const { error, stderr } = await asc.main(
    [...entries, "--baseDir", sources, "--outFile", `${name}.wasm`, ...options],
    { writeFile: (file, content) => files.set(file, content) },
  );
  if (error) throw new Error(`${name} does not compile: ${stderr.toString() || error.message}`);
  return files.get(`${name}.wasm`);
}
