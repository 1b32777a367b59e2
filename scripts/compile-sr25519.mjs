// Compiles our sr25519, shared/keys/sr25519/assembly/, to the module that is committed beside it, so that nobody
// needs the compiler to run or build the project. With --check it writes nothing and fails when the committed module is
// not, byte for byte, what the sources give. With --check=sources it only compares the hash of the sources: quick.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "shared/keys/sr25519/assembly");
const target = join(root, "shared/keys/sr25519/sr25519-module.ts");
const entries = ["session.ts", "verifier.ts", "signer.ts"]; // what these export, the module exports
const options =
  "--runtime stub --optimizeLevel 3 --shrinkLevel 0 --noAssert --use abort= --enable simd".split(" ");

const hash = createHash("sha256").update([...entries, ...options].join(" "));
for (const name of readdirSync(folder).sort()) {
  if (name.endsWith(".ts") && !name.endsWith(".test-kit.ts"))
    hash.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
}
const head = `/**
 * What assembly/ compiles to, by \`npm run compile-sr25519\`. Base64, so that it travels with every bundle.
 * Sources: sha256 ${hash.digest("hex")}
 */
`;

if (process.argv.includes("--check=sources")) compare(readFileSync(target, "utf8").startsWith(head));
else {
  const module = Buffer.from(await compile()).toString("base64");
  const text = `${head}export const SR25519_MODULE =\n  "${module}";\n`;
  if (process.argv.includes("--check")) compare(readFileSync(target, "utf8") === text);
  else writeFileSync(target, text);
}

async function compile() {
  const { default: asc } = await import("assemblyscript/asc");
  const files = new Map();
  const { error, stderr } = await asc.main(
    [...entries, "--baseDir", folder, "--outFile", "sr25519.wasm", ...options],
    { writeFile: (name, content) => files.set(name, content) },
  );
  if (error) throw new Error(`sr25519 does not compile: ${stderr.toString() || error.message}`);
  return files.get("sr25519.wasm");
}

function compare(isSame) {
  if (isSame) return;
  process.stderr.write("sr25519-module.ts is not what assembly/ compiles to: npm run compile-sr25519\n");
  process.exitCode = 1;
}
