// npm run fuzz [-- node|axon|onnx --seed N --count N --json]: set-up, then mutated messages against a real node, requests
// against a real miner, or models against the guard and the runtime.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

setUp({ redis: false });
await import(pathToFileURL(join(root, "dist", "fuzz.js")).href);
