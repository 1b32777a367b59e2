// Makes a fresh clone ready: Node version, packages, redis-server, dist/. Plain JavaScript without packages, because it
// runs before there are any. Everything it says goes to stderr: stdout belongs to the command that follows.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Exit codes of the command line: a thing that is needed is missing; an endpoint cannot be reached. */
const NOT_READY = 8;
const NETWORK = 4;

const MIN_NODE = [20, 19];

const SOURCES = ["miner", "validator", "shared", "subnets", "localnet", "simulator", "dashboard", "scripts"];

/** Ways to install a program. Only Homebrew wants to run without being root. */
const PACKAGE_MANAGERS = [
  {
    name: "apt-get",
    steps: [
      ["update", "-q"],
      ["install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"],
    ],
  },
  { name: "dnf", steps: [["install", "-y"]] },
  { name: "apk", steps: [["add"]] },
  { name: "pacman", steps: [["-S", "--noconfirm"]] },
  { name: "brew", steps: [["install"]], asUser: true },
];

/** Programs that are no Node packages: what each package manager calls them where it is another name. */
const REDIS = {
  programs: ["redis-server"],
  what: "Redis 6.2 or newer",
  code: "SETUP_REDIS_MISSING",
  packages: { "apt-get": "redis-server", otherwise: "redis" },
  instead: ["or name a running one: REDIS_URL=redis://…"],
};
const BROWSER = {
  programs: ["chromium", "chromium-browser", "google-chrome"],
  what: "Chromium",
  code: "SETUP_BROWSER_MISSING",
  packages: { otherwise: "chromium" },
  instead: [],
};

/** @param {{ redis: boolean, browser?: boolean }} needs - Does what follows start a redis-server, or a browser, of its own? */
export function setUp({ redis, browser = false }) {
  requireNode();
  installPackages();
  if (redis) installProgram(REDIS);
  if (browser) installProgram(BROWSER);
  buildWhenChanged();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  stop(
    NOT_READY,
    `SETUP_NODE_TOO_OLD  Node ${process.versions.node} is too old: ${MIN_NODE.join(".")} is needed`,
    "install a newer Node and run the command again",
  );
}

function installPackages() {
  const why = whyInstall();
  if (!why) return;
  say(`installing Node packages: ${why} (about a minute)`);
  // Without this, onnxruntime-node would fetch CUDA files at installation.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const npm = () =>
    run("npm", ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], { env });
  if (npm()) return;
  say("npm ci failed; trying once more");
  if (npm()) return;
  stop(
    NETWORK,
    "SETUP_NPM_FAILED  the Node packages could not be installed; what npm said stands above",
    "check the connection to the package registry, then run: npm ci",
  );
}

/** Compares contents, not times: npm writes both files in an order that differs between its commands. */
function whyInstall() {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath)) return "node_modules is missing";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.optional || entry.devOptional) continue; // for another platform, perhaps
    if (installed[path]?.version !== entry.version) return `${path} is not at version ${entry.version}`;
  }
  return undefined;
}

function installProgram({ programs, what, code, packages, instead }) {
  if (programs.some(onPath)) return;
  const [program] = programs;
  const manager = PACKAGE_MANAGERS.find(({ name }) => onPath(name));
  const isRoot = process.getuid?.() === 0;
  const mayInstall = manager !== undefined && (manager.asUser === true ? !isRoot : isRoot);
  const steps = manager ? stepsFor(manager, packages) : [];
  const typed = manager ? commandLine(manager, steps) : `install ${what} with your package manager`;
  if (!mayInstall) {
    stop(
      NOT_READY,
      `${code}  ${program} is not installed, and this user may not install it`,
      `${manager ? "run: " : ""}${typed}`,
      ...instead,
    );
  }
  say(`installing ${program}: ${typed}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const step of steps) run(manager.name, step, { env });
  if (programs.some(onPath)) return;
  stop(
    NOT_READY,
    `${code}  ${manager.name} did not install ${program}; what it said stands above`,
    `run: ${typed}`,
  );
}

/** The last step of a package manager installs: it gets the name that the package has there. */
function stepsFor({ name, steps }, packages) {
  return [...steps.slice(0, -1), [...steps.at(-1), packages[name] ?? packages.otherwise]];
}

function commandLine({ name, asUser }, steps) {
  const prefix = asUser ? "" : process.getuid?.() === 0 ? "" : "sudo ";
  return steps.map((step) => `${prefix}${name} ${step.join(" ")}`).join(" && ");
}

function buildWhenChanged() {
  const stamp = join(root, "dist", ".built-from");
  const now = sourceFingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  say("building");
  if (!run(process.execPath, [join(root, "scripts", "build.mjs")])) {
    stop(
      1,
      "SETUP_BUILD_FAILED  the build failed; what it said stands above",
      "correct it and run the command again",
    );
  }
  writeFileSync(stamp, now);
}

/** Changes when a source is added, deleted or written. */
function sourceFingerprint() {
  const hash = createHash("sha256");
  const files = ["package.json", "package-lock.json"];
  for (const folder of SOURCES.filter((name) => existsSync(join(root, name)))) {
    for (const name of readdirSync(join(root, folder), { recursive: true })) files.push(join(folder, name));
  }
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @returns true when the program ended with 0. What it prints on stdout appears on our stderr. */
function run(program, args, options = {}) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: ["ignore", 2, 2], ...options });
  return status === 0;
}

function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

function stop(exitCode, ...lines) {
  process.stderr.write(`${lines.join("\n         ")}\n`);
  process.exit(exitCode);
}
