/**
 * Exit codes of the command line, by class of failure. 7 differs from 6: the outcome is unknown, so a script
 * must resolve it before it tries again.
 */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  network: 4,
  wallet: 5,
  chain: 6,
  unknown: 7,
  notReady: 8,
  check: 9,
  runtime: 10,
  interrupted: 130,
} as const;

type ErrorSpec<Details> = {
  /** What was wrong, with the values that matter, in one sentence without a full stop. */
  message: (details: Details) => string;
  /** The next step: a command where there is one. */
  hint: (details: Details) => string;
  /** Exit code class when the command line ends with this error. */
  exit: keyof typeof EXIT;
  /** May the same call succeed later without anybody changing anything? Default false. */
  retryable?: boolean;
};

type NoDetails = Record<never, never>;

function spec<Details>(entry: ErrorSpec<Details>): ErrorSpec<Details> {
  return entry;
}

/** Every error this project raises on purpose. Codes are `AREA_WHAT`; branch on the code, never on the text. */
export const ERRORS = {
  CLI_USAGE: spec<{ problem: string; command: string }>({
    message: (d) => d.problem,
    hint: (d) => `run: subforge ${d.command ? `${d.command} ` : ""}--help`,
    exit: "usage",
  }),
  CONFIG_INVALID: spec<{ what: string; problems: string[] }>({
    message: (d) => `${d.what} is not valid: ${d.problems.join("; ")}`,
    hint: () => "correct the named values and run the command again",
    exit: "config",
  }),
  TENSOR_INVALID: spec<{ problem: string }>({
    message: (d) => `this is no valid tensor: ${d.problem}`,
    hint: () => "send whole, non-negative dimensions whose product is the number of values",
    exit: "failed",
  }),
  MESSAGE_INVALID: spec<{ problem: string }>({
    message: (d) => `this is no valid message: ${d.problem}`,
    hint: () => "send JSON with tensors as leaves, in one of the forms of shared/wire/README.md",
    exit: "failed",
  }),
  CHAIN_UNREACHABLE: spec<{ endpoint: string; reason: string }>({
    message: (d) => `the chain at ${d.endpoint} cannot be reached: ${d.reason}`,
    hint: () => "check the address, or start a local chain: subforge chain start",
    exit: "network",
    retryable: true,
  }),
  CHAIN_TIMEOUT: spec<{ what: string; timeoutMs: number }>({
    message: (d) => `the chain did not answer ${d.what} within ${d.timeoutMs} ms`,
    hint: () => "the endpoint is overloaded or gone; try again or use another one with --network",
    exit: "network",
    retryable: true,
  }),
  CHAIN_WRONG_GENESIS: spec<{ endpoint: string; expected: string; actual: string }>({
    message: (d) => `${d.endpoint} serves the chain ${d.actual}, not ${d.expected}`,
    hint: () => "use an endpoint of the right network; nothing was read or written",
    exit: "network",
  }),
  CHAIN_NO_SUBNET: spec<{ netuid: number }>({
    message: (d) => `subnet ${d.netuid} does not exist on this chain`,
    hint: () => "check --netuid and --network",
    exit: "chain",
  }),
  CHAIN_BAD_ANSWER: spec<{ what: string; problem: string }>({
    message: (d) => `the chain's answer for ${d.what} has a shape we do not know: ${d.problem}`,
    hint: () => "use a release of subforge that supports this runtime, or another endpoint",
    exit: "runtime",
  }),
  CHAIN_CALL_UNKNOWN: spec<{ call: string; reason: string }>({
    message: (d) => `the runtime has no call ${d.call} in the shape we know: ${d.reason}`,
    hint: () => "nothing was signed; use a release of subforge that supports this runtime",
    exit: "runtime",
  }),
  CHAIN_CALL_REFUSED: spec<{ call: string; code: number; reason: string }>({
    message: (d) => `the chain refused ${d.call} before inclusion: ${d.reason} (${d.code})`,
    hint: () => "correct what the chain names; nothing was included and no fee was paid",
    exit: "chain",
  }),
  CHAIN_CALL_FAILED: spec<{ call: string; error: string; docs: string; block: number }>({
    message: (d) =>
      `${d.call} was included in block ${d.block} and failed: ${d.error}${d.docs ? `: ${d.docs}` : ""}`,
    hint: () => "the fee was paid and nothing else changed; correct what the chain names",
    exit: "chain",
  }),
  CHAIN_OUTCOME_UNKNOWN: spec<{ call: string; extrinsicHash: string }>({
    message: (d) => `it is not known whether ${d.call} (${d.extrinsicHash}) was included`,
    hint: () => "do not send it again blindly: look for the hash in the latest blocks first",
    exit: "unknown",
  }),
  CHAIN_STATE_PRUNED: spec<{ what: string; reason: string }>({
    message: (d) => `no endpoint has the state that ${d.what} is asked of: ${d.reason}`,
    hint: () => "name an archive endpoint as well: --network ADDRESS,ARCHIVE_ADDRESS",
    exit: "chain",
  }),
  CHAIN_NONCE_TAKEN: spec<{ call: string; signer: string; nonce: number }>({
    message: (d) => `somebody else used nonce ${d.nonce} of ${d.signer} before ${d.call} was included`,
    hint: () =>
      "another program signs with this key; the call was not made: make it again, or stop the other",
    exit: "chain",
    retryable: true,
  }),
  CHAIN_WRITES_STOPPED: spec<{ specVersion: number; problems: string[] }>({
    message: (d) =>
      `nothing is signed for runtime ${d.specVersion}, whose calls have shapes we do not know: ${d.problems.join("; ")}`,
    hint: () => "use a release of subforge that supports this runtime; reading goes on",
    exit: "runtime",
  }),
  CHAIN_ENDPOINTS_DISAGREE: spec<{ what: string }>({
    message: (d) => `two endpoints give different answers for ${d.what}`,
    hint: () =>
      "one of them lies or is broken: ask a third, or leave the one you do not trust out of --network",
    exit: "network",
    retryable: true,
  }),
  WALLET_BAD_NAME: spec<{ name: string }>({
    message: (d) => `${JSON.stringify(d.name)} is no name of a wallet or hotkey`,
    hint: () => "use 1 to 64 letters, digits, dots, dashes and underscores, not beginning with a dot",
    exit: "wallet",
  }),
  WALLET_NOT_FOUND: spec<{ path: string }>({
    message: (d) => `there is no keyfile ${d.path}`,
    hint: () => "list what there is: subforge wallet list; or make one: subforge wallet create",
    exit: "wallet",
  }),
  WALLET_EXISTS: spec<{ path: string }>({
    message: (d) => `${d.path} exists already; a key is never overwritten`,
    hint: () => "choose another name with --wallet or --hotkey, or move the file away yourself",
    exit: "wallet",
  }),
  WALLET_UNSAFE_FILE: spec<{ path: string; problem: string; mend: string }>({
    message: (d) => `${d.path} is not used: ${d.problem}`,
    hint: (d) => d.mend,
    exit: "wallet",
  }),
  WALLET_INVALID: spec<{ path: string; problem: string }>({
    message: (d) => `${d.path} is no valid keyfile: ${d.problem}`,
    hint: () => "restore the file from a backup, or make the key again from its mnemonic",
    exit: "wallet",
  }),
  WALLET_NO_SECRET: spec<{ path: string; problem: string }>({
    message: (d) => `${d.path} cannot sign: ${d.problem}`,
    hint: () => "name a wallet and hotkey with a secret sr25519 key: --wallet, --hotkey",
    exit: "wallet",
  }),
  WALLET_PASSWORD_NEEDED: spec<{ path: string; variable: string }>({
    message: (d) => `${d.path} needs a password, and there is no terminal to ask for it`,
    hint: (d) => `give it with --password-file FILE or --password-fd N, or set ${d.variable} as btcli does`,
    exit: "wallet",
  }),
  WALLET_WRONG_PASSWORD: spec<{ path: string; remark: string | undefined }>({
    message: (d) =>
      `the password does not open ${d.path}, or the file is damaged${d.remark ? `; it ${d.remark}` : ""}`,
    hint: () => "try again with the password of this very file; if it is right, restore a backup",
    exit: "wallet",
  }),
  WALLET_WEAK_PASSWORD: spec<{ problem: string }>({
    message: (d) => `this password is too weak: ${d.problem}`,
    hint: () => "use at least 8 characters, 4 of them different; a passphrase of some words is best",
    exit: "wallet",
  }),
  WALLET_DEV_KEY_REFUSED: spec<{ network: string; endpoint: string }>({
    message: (d) => `a development key must not sign on the public network ${d.network} (${d.endpoint})`,
    hint: () => "everybody knows that key; use a wallet of your own: subforge wallet create",
    exit: "wallet",
  }),
  WALLET_BAD_SECRET: spec<NoDetails>({
    message: () => "this is no mnemonic, seed or secret URI",
    hint: () => "use 12 to 24 words, 0x and 64 hex digits, or //Name for a development key",
    exit: "wallet",
  }),
  WALLET_BAD_ADDRESS: spec<{ given: string }>({
    message: (d) => `${JSON.stringify(d.given)} is no address and no public key`,
    hint: () => "use an SS58 address such as 5G…, or 0x and 64 hex digits",
    exit: "wallet",
  }),
  WALLET_BAD_SIGNATURE: spec<NoDetails>({
    message: () => "this is no signature",
    hint: () => "use 0x and 128 hex digits, as subforge wallet sign prints them",
    exit: "wallet",
  }),
  WALLET_SIGNATURE_MISMATCH: spec<{ address: string }>({
    message: (d) => `${d.address} did not sign this text`,
    hint: () => "compare text, signature and address letter by letter; a space at the end counts",
    exit: "check",
  }),
  WALLET_UNSAFE_FOLDER: spec<{ folder: string; problems: number }>({
    message: (d) => `${d.problems} problems with the permissions of the wallets in ${d.folder}`,
    hint: () => "mend them: subforge wallet perms --fix; owners and links are yours to change",
    exit: "check",
  }),
  METADATA_DIFFERS: spec<{ where: string; what: string[] }>({
    message: (d) => `${d.where} differs from what we know in ${d.what.join(", ")}`,
    hint: () => "calls that differ are never signed; use a release of subforge that supports this runtime",
    exit: "check",
  }),
  SIGNER_UNREACHABLE: spec<{ signer: string; reason: string }>({
    message: (d) => `the external signer ${d.signer} cannot be reached: ${d.reason}`,
    hint: () => "start the signer, and check that this user may write to its socket; nothing was signed",
    exit: "wallet",
    retryable: true,
  }),
  SIGNER_TIMEOUT: spec<{ signer: string; timeoutMs: number }>({
    message: (d) => `the external signer ${d.signer} did not answer within ${d.timeoutMs} ms`,
    hint: () => "does somebody have to confirm there? raise --signer-timeout; nothing was sent to the chain",
    exit: "wallet",
    retryable: true,
  }),
  SIGNER_REFUSED: spec<{ signer: string; address: string; reason: string }>({
    message: (d) => `the external signer ${d.signer} does not sign for ${d.address}: ${d.reason}`,
    hint: () => "correct what the signer names, in its own settings; nothing was sent to the chain",
    exit: "wallet",
  }),
  SIGNER_BAD_ANSWER: spec<{ signer: string; problem: string }>({
    message: (d) => `the answer of the external signer ${d.signer} is not used: ${d.problem}`,
    hint: () => "check which key the signer holds; nothing was sent to the chain",
    exit: "wallet",
  }),
  PLAN_DECLINED: spec<{ action: string; asked: boolean }>({
    message: (d) =>
      d.asked
        ? `nothing was sent: ${d.action} was not confirmed`
        : `nothing was sent: ${d.action} needs a yes`,
    hint: () => "run it again with --yes to do it, or with --dry-run to see the plan alone",
    exit: "failed",
  }),
  BALANCE_TOO_LOW: spec<{ account: string; balance: string; needed: string }>({
    message: (d) => `${d.account} has ${d.balance}, and this needs ${d.needed}`,
    hint: () => "nothing was sent; move TAO to this account, or use another wallet with --wallet",
    exit: "notReady",
  }),
  REGISTRATION_CLOSED: spec<{ netuid: number }>({
    message: (d) => `subnet ${d.netuid} takes no registrations`,
    hint: (d) => `ask its owner, who sees why: subforge subnet lint --netuid ${d.netuid}`,
    exit: "notReady",
  }),
  WRITE_NOT_SHOWN: spec<{ what: string; block: number }>({
    message: (d) => `the call is in block ${d.block}, and the chain does not show ${d.what}`,
    hint: () => "somebody may have changed it since; look again: subforge metagraph --netuid N",
    exit: "chain",
  }),
  HYPERPARAMETER_INVALID: spec<{ name: string; problem: string }>({
    message: (d) => `${d.name} cannot be set: ${d.problem}`,
    hint: () => "list names, units and who may set them: subforge subnet hyperparams --netuid N",
    exit: "usage",
  }),
  SUBNET_NOT_OWNER: spec<{ netuid: number; owner: string; account: string }>({
    message: (d) => `subnet ${d.netuid} belongs to ${d.owner}, not to ${d.account}`,
    hint: () => "sign with the coldkey of its owner: --wallet NAME",
    exit: "wallet",
  }),
  SUBNET_TOO_YOUNG: spec<{ netuid: number; startableFrom: number; blocksLeft: number }>({
    message: (d) => `subnet ${d.netuid} can be started from block ${d.startableFrom}`,
    hint: (d) => `wait ${d.blocksLeft} blocks; on a local chain: subforge chain mine ${d.blocksLeft}`,
    exit: "chain",
  }),
  SUBNET_UNKNOWN: spec<{ name: string; known: string[] }>({
    message: (d) => `there is no subnet called ${d.name}`,
    hint: (d) => `use one of: ${d.known.join(", ")}`,
    exit: "usage",
  }),
  TEMPLATE_NOT_FOUND: spec<{ path: string }>({
    message: (d) => `there is no template at ${d.path}`,
    hint: () => "name a folder with template/index.ts in it, or make one: subforge create my-subnet",
    exit: "usage",
  }),
  TEMPLATE_SYNTAX: spec<{ path: string; problems: string[] }>({
    message: (d) => `the template of ${d.path} does not compile: ${d.problems.join("; ")}`,
    hint: () => "correct the first of these lines; it often explains the others",
    exit: "config",
  }),
  TEMPLATE_INVALID: spec<{ path: string; problem: string }>({
    message: (d) => `the template of ${d.path} cannot be used: ${d.problem}`,
    hint: () => "compare it with the contract: docs/templates.md",
    exit: "config",
  }),
  CREATE_NAME: spec<{ name: string; problem: string }>({
    message: (d) => `${d.name} cannot be the name of a subnet: ${d.problem}`,
    hint: () => "use small letters, digits and dashes, as in: subforge create my-subnet",
    exit: "usage",
  }),
  CREATE_EXISTS: spec<{ path: string; found: string }>({
    message: (d) => `${d.path} is there already, and ${d.found}: nothing was written`,
    hint: () => "choose another name, or another folder with --dir",
    exit: "config",
  }),
  MODEL_DAMAGED: spec<{ path: string; problem: string }>({
    message: (d) => `the model ${d.path} that comes with its subnet cannot be used: ${d.problem}`,
    hint: () => "restore the file from the release, or train it again: node scripts/train.mjs",
    exit: "failed",
  }),
  BENCH_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run bench -- cli",
    exit: "usage",
  }),
  FUZZ_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run fuzz -- [node|axon|onnx] [--seed N] [--count N] [--json]",
    exit: "usage",
  }),
  NEMESIS_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run nemesis -- crash-points, or npm run nemesis -- --schedules N --seed S [--json]",
    exit: "usage",
  }),
  SOAK_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run soak -- miner|validator [--minutes N] [--json]",
    exit: "usage",
  }),
  CRITERIA_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run sim -- criteria [--nightly] [--only TEXT] [--json]",
    exit: "usage",
  }),
  SIM_FOLDER_TAKEN: spec<{ folder: string }>({
    message: (d) => `${d.folder} holds something else than the outcome of this simulation`,
    hint: () => "name another folder with --out, or leave it out",
    exit: "config",
  }),
  SIM_FOLDER_FAILED: spec<{ folder: string; reason: string }>({
    message: (d) => `the outcome cannot be written to ${d.folder}: ${d.reason}`,
    hint: () => "make room or rights there, or name another folder with --out",
    exit: "failed",
  }),
  SIM_FILE_UNREADABLE: spec<{ path: string; problem: string }>({
    message: (d) => `${d.path} cannot be used: ${d.problem}`,
    hint: () =>
      "name what subforge sim run or subforge sim attack wrote, or a scenario as in docs/simulator.md",
    exit: "config",
  }),
  SIM_INTERRUPTED: spec<{ complete: string }>({
    message: (d) => `stopped before the end: ${d.complete}`,
    hint: () => "run it again with fewer --epochs or --runs; nothing was written",
    exit: "interrupted",
  }),
  PYTHON_MISSING: spec<{ reason: string }>({
    message: (d) => `python3 cannot make a virtual environment: ${d.reason}`,
    hint: () => "install Python 3.10 to 3.13 with venv (Debian: sudo apt-get install python3-venv)",
    exit: "notReady",
  }),
  PYTHON_PACKAGES: spec<{ requirement: string; reason: string }>({
    message: (d) => `pip could not install ${d.requirement}: ${d.reason}`,
    hint: () => "check the connection to PyPI and the configuration of pip (pip config list), then try again",
    exit: "network",
  }),
  INTEROP_USAGE: spec<{ problem: string }>({
    message: (d) => d.problem,
    hint: () => "run: npm run interop -- [--client sdk10,sdk11,btcli,triton] [--refresh] [--json]",
    exit: "usage",
  }),
  DEV_STALLED: spec<{ wanted: number; verified: number; passed: number }>({
    message: (d) => `${d.verified} of ${d.wanted} weight vectors were verified in ${d.passed} epochs`,
    hint: () =>
      "give each epoch more time: a longer --tempo or --block-time; the lines above say what failed",
    exit: "check",
  }),
  BUILD_MISSING: spec<{ path: string }>({
    message: (d) => `${d.path} is missing: the project was not built`,
    hint: () => "run: npm run build",
    exit: "notReady",
  }),
  MINER_MODEL_MISSING: spec<{ path: string; reason: string }>({
    message: (d) => `the model ${d.path} cannot be read: ${d.reason}`,
    hint: () => "name an ONNX file that exists and is readable: --model ./model.onnx",
    exit: "config",
  }),
  MINER_MODEL_INVALID: spec<{ path: string; problem: string }>({
    message: (d) => `${d.path} cannot be served: ${d.problem}`,
    hint: () => "export the model to ONNX again, with standard operators and its data inside the file",
    exit: "config",
  }),
  MINER_MODEL_CHANGED: spec<{ path: string; expected: string; found: string }>({
    message: (d) =>
      `${d.path} is not the file that is being served: sha256 ${d.found.slice(0, 16)}, not ${d.expected.slice(0, 16)}`,
    hint: () => "put the file back, or have the new one served: start with --watch, or start the miner again",
    exit: "config",
  }),
  MINER_MODEL_NAME: spec<{ name: string; problem: string }>({
    message: (d) => `no model can be served as ${JSON.stringify(d.name.slice(0, 80))}: ${d.problem}`,
    hint: () => "name models apart, with 1 to 64 of a-z, 0-9, dot, dash and underscore",
    exit: "config",
  }),
  MINER_NO_CUDA: spec<{ reason: string }>({
    message: (d) => `the CUDA provider does not load: ${d.reason}`,
    hint: () => "run: subforge gpu check, which says what is missing; or choose --device cpu",
    exit: "notReady",
  }),
  ARCHIVE_REFUSED: spec<{ file: string; problem: string }>({
    message: (d) => `nothing was unpacked of ${d.file}: ${d.problem}`,
    hint: () => "fetch the archive again from where its makers publish it",
    exit: "config",
  }),
  GPU_DRIVER: spec<{ problem: string }>({
    message: (d) => `this machine cannot run CUDA now: ${d.problem}`,
    hint: () => "install NVIDIA's driver first; to prepare an image for another machine: --allow-no-driver",
    exit: "notReady",
  }),
  GPU_RELEASE: spec<{ runtime: string; pinned: string }>({
    message: (d) => `the pinned files are for onnxruntime ${d.pinned}, and ${d.runtime} is installed`,
    hint: () => "run: npm ci, which installs the release that this version of subforge was tested with",
    exit: "notReady",
  }),
  GPU_DECLINED: spec<{ asked: boolean }>({
    message: (d) => `nothing was fetched: the installation ${d.asked ? "was not confirmed" : "needs a yes"}`,
    hint: () => "run it again with --yes to do it, or with --dry-run to see the plan alone",
    exit: "failed",
  }),
  GPU_FILES_NEEDED: spec<{ why: string; files: string[] }>({
    message: (d) => `${d.files.length} files are needed, and ${d.why}: ${d.files.join("; ")}`,
    hint: () => "fetch them on another machine and name each: subforge gpu install --from-file FILE …",
    exit: "notReady",
  }),
  GPU_FILE_UNKNOWN: spec<{ file: string; found: string }>({
    message: (d) => `${d.file} is not one of the pinned files: ${d.found}`,
    hint: () => "compare it with the list of: subforge gpu install --dry-run; fetch it again",
    exit: "config",
  }),
  GPU_DOWNLOAD_FAILED: spec<{ file: string; reason: string }>({
    message: (d) => `${d.file} could not be fetched: ${d.reason}`,
    hint: () => "check the connection and the configuration of pip (pip config list), or use --from-file",
    exit: "network",
    retryable: true,
  }),
  GPU_NO_SPACE: spec<{ folder: string; neededMiB: number; freeMiB: number }>({
    message: (d) => `${d.folder} has ${d.freeMiB} MiB free, and ${d.neededMiB} MiB are needed`,
    hint: () => "free some, or choose another place with --gpu-dir",
    exit: "notReady",
  }),
  GPU_LOAD_FAILED: spec<{ reason: string }>({
    message: (d) => `the unpacked files do not work on this machine: ${d.reason}; nothing was installed`,
    hint: () => "run: subforge gpu check; the driver may be too old, or its cards in use up to the last byte",
    exit: "runtime",
  }),
  MINER_NOT_REGISTERED: spec<{ hotkey: string; netuid: number }>({
    message: (d) => `hotkey ${d.hotkey} is not registered on netuid ${d.netuid}`,
    hint: (d) => `register it first: subforge register --netuid ${d.netuid}`,
    exit: "notReady",
  }),
  MINER_ANNOUNCE_FAILED: spec<{ address: string; reason: string }>({
    message: (d) => `the chain does not show ${d.address} as this miner's address: ${d.reason}`,
    hint: () =>
      "start the miner again in a few minutes, or leave --announce out and publish the address later",
    exit: "chain",
  }),
  MODEL_NOT_COMMITTABLE: spec<{ problem: string }>({
    message: (d) => `this model cannot be committed to, for nobody could run it again: ${d.problem}`,
    hint: () => "export the model with its weights inside the file, or serve without --commit-model",
    exit: "config",
  }),
  MINER_COMMITMENT: spec<{ problem: string }>({
    message: (d) => `the miner cannot commit to its work on chain: ${d.problem}`,
    hint: () => "serve without --commit-model; a neuron has one commitment",
    exit: "config",
  }),
  MINER_PUBLISH_LATER: spec<{ address: string; shown: string; block: number; blocksLeft: number }>({
    message: (d) =>
      `the chain shows ${d.shown}, and takes ${d.address} from block ${d.block} on, in ${d.blocksLeft} blocks`,
    hint: () =>
      "run it again then, or let it wait: subforge miner serve --announce ADDRESS announces when it may",
    exit: "chain",
    retryable: true,
  }),
  MINER_ADDRESS_UNKNOWN: spec<{ reason: string }>({
    message: (d) => `which address others see cannot be found out: ${d.reason}`,
    hint: () => "name it: --announce 203.0.113.7:8091, or a helper outside that sees it: --reach-helper URL",
    exit: "config",
  }),
  MINER_CLOCK_SKEW: spec<{ skew: string; sources: string }>({
    message: (d) => `the clock of this machine is ${d.skew}, say ${d.sources}`,
    hint: () => "set it, as in: timedatectl set-ntp true; signed requests are refused by age",
    exit: "notReady",
  }),
  MINER_ANSWER_WRONG: spec<{ origin: string; problem: string }>({
    message: (d) => `a signed question to ${d.origin} was not answered: ${d.problem}`,
    hint: () => "is the miner running, with this model and hotkey? then see docs/miner.md, being reachable",
    exit: "check",
  }),
  MINER_BENCH_SHAPE: spec<{ path: string; ports: string }>({
    message: (d) =>
      `${d.path} leaves sizes open besides the rows, so there is no input to measure it with: ${d.ports}`,
    hint: () => "export it with fixed sizes, or measure a miner that serves it with real questions",
    exit: "config",
  }),
  CONFIG_EXISTS: spec<{ path: string; flag: string }>({
    message: (d) => `${d.path} is there already`,
    hint: (d) => `nothing was written; choose another file with --${d.flag}, or write over it with --force`,
    exit: "config",
  }),
  PORT_IN_USE: spec<{ host: string; port: number }>({
    message: (d) => `port ${d.port} on ${d.host} is in use`,
    hint: () => "stop the other process, or choose another port with --port",
    exit: "config",
  }),
  PORT_FORBIDDEN: spec<{ host: string; port: number; reason: string }>({
    message: (d) => `cannot listen on ${d.host}:${d.port}: ${d.reason}`,
    hint: () => "choose a port above 1023 and an address of this machine",
    exit: "wallet",
  }),
  INFERENCE_INPUT: spec<{ problem: string }>({
    message: (d) => `the model does not take this input: ${d.problem}`,
    hint: () => "toFeeds of the template and the model must agree on names, types and shapes",
    exit: "failed",
  }),
  INFERENCE_OVERLOADED: spec<{ waiting: number }>({
    message: (d) => `${d.waiting} requests are waiting for the model`,
    hint: () => "ask again later",
    exit: "failed",
    retryable: true,
  }),
  INFERENCE_DEADLINE: spec<NoDetails>({
    message: () => "the model did not answer before the deadline",
    hint: () => "ask again later",
    exit: "failed",
    retryable: true,
  }),
  INFERENCE_NO_MEMORY: spec<{ problem: string }>({
    message: (d) => `the model ran out of memory: ${d.problem}`,
    hint: () => "lower --max-batch-rows, or give the device more memory",
    exit: "failed",
    retryable: true,
  }),
  INFERENCE_CRASHED: spec<{ reason: string }>({
    message: (d) => `the inference process ended: ${d.reason}`,
    hint: () => "it is started again by itself; look for inference.ended in the log",
    exit: "failed",
    retryable: true,
  }),
  INFERENCE_QUARANTINED: spec<NoDetails>({
    message: () => "this input crashed the inference process twice and is not tried again",
    hint: () => "look for inference.quarantined in the log",
    exit: "failed",
  }),
  INFERENCE_STOPPED: spec<NoDetails>({
    message: () => "the inference pool is closed",
    hint: () => "start the miner again",
    exit: "failed",
  }),
  OIP_INVALID: spec<{ problem: string }>({
    message: (d) => `this is no valid inference request: ${d.problem}`,
    hint: () => "ask /v2/models/<name> for names, types and shapes, and send large tensors as binary data",
    exit: "failed",
  }),
  LOCAL_PORT_EXPOSED: spec<{ host: string }>({
    message: (d) =>
      `the local port answers without a signature and must not listen on ${JSON.stringify(d.host)} for everybody`,
    hint: () => "leave its address out for 127.0.0.1, or name each address that may call",
    exit: "config",
  }),
  JOURNAL_LOCKED: spec<{ path: string }>({
    message: (d) => `another process writes the journal: it holds ${d.path}`,
    hint: () => "one planner per validator: stop the other one, or start a worker: subforge validator worker",
    exit: "notReady",
  }),
  DOPPELGANGER_FOUND: spec<{ hotkey: string; netuid: number; block: number }>({
    message: (d) =>
      `another machine validates with ${d.hotkey} on netuid ${d.netuid}: block ${d.block} has weights that this journal does not know`,
    hint: () =>
      "stop the other machine, or move its journal here (subforge validator weights export, import), and start again",
    exit: "notReady",
  }),
  PLANNER_LEASE_HELD: spec<{ netuid: number; holder: string }>({
    message: (d) => `another planner of this hotkey works on netuid ${d.netuid}: ${d.holder} (host/process)`,
    hint: () => "stop that one; if it died just now, its lease ends by itself within 8 s",
    exit: "notReady",
  }),
  PLANNER_LEASE_LOST: spec<{ netuid: number }>({
    message: (d) => `another planner of this hotkey took over netuid ${d.netuid}`,
    hint: () => "start again: it waits until the other one ends; one planner works at a time",
    exit: "notReady",
  }),
  JOURNAL_FOREIGN: spec<{ path: string; what: "genesis" | "hotkey"; expected: string; found: string }>({
    message: (d) => `the journal ${d.path} belongs to ${d.what} ${d.found}, not ${d.expected}`,
    hint: () => "use another --data folder for another network or hotkey",
    exit: "config",
  }),
  JOURNAL_ABSENT: spec<{ path: string }>({
    message: (d) => `there is no journal at ${d.path}: no validator has run with this folder`,
    hint: () => "name the folder with --data, or start one: subforge validator run",
    exit: "notReady",
  }),
  WEIGHTS_NOT_SIGNED: spec<{ epoch: number; reason: string }>({
    message: (d) => `no weights were signed for epoch ${d.epoch}: ${d.reason}`,
    hint: () => "see what the chain would take now: subforge validator weights plan",
    exit: "notReady",
  }),
  WEIGHTS_FAILED: spec<{ epoch: number; reason: string }>({
    message: (d) => `the weights of epoch ${d.epoch} are not on chain: ${d.reason}`,
    hint: (d) => `see every step: subforge validator weights receipts --epoch ${d.epoch}`,
    exit: "chain",
  }),
  WEIGHTS_UNSETTLED: spec<{ epoch: number; status: string; reason: string }>({
    message: (d) => `the weights of epoch ${d.epoch} are ${d.status}, and not read back: ${d.reason}`,
    hint: () => "the same command goes on where this one stopped, and so does: subforge validator run",
    exit: "unknown",
  }),
  JOURNAL_EXPORT_EXISTS: spec<{ path: string }>({
    message: (d) => `${d.path} is there already, and nothing was written`,
    hint: () => "name another file, or write over it with --force",
    exit: "config",
  }),
  JOURNAL_NO_RECORD: spec<{ path: string; what: string; known: string[] }>({
    message: (d) => `the journal ${d.path} has no record of ${d.what}`,
    hint: (d) =>
      d.known.length > 0 ? `it knows ${d.known.join("; ")}` : "wait for the end of the first epoch",
    exit: "notReady",
  }),
  JOURNAL_NEWER: spec<{ path: string; found: number; known: number }>({
    message: (d) => `the journal ${d.path} has format ${d.found}, this release knows ${d.known}`,
    hint: () => "use the newer release that wrote it",
    exit: "config",
  }),
  JOURNAL_OLDER: spec<{ path: string; found: number; known: number }>({
    message: (d) => `the journal ${d.path} has format ${d.found}, this release writes ${d.known}`,
    hint: () => "start the validator once with this release, or use the release that wrote it",
    exit: "config",
  }),
  JOURNAL_FULL: spec<{ path: string; reason: string }>({
    message: (d) => `the journal ${d.path} cannot grow: ${d.reason}`,
    hint: () => "nothing is signed that cannot be recorded; free disk space: it goes on by itself",
    exit: "failed",
    retryable: true,
  }),
  JOURNAL_IMPORT_INVALID: spec<{ problem: string }>({
    message: (d) => `this is no exported journal: ${d.problem}`,
    hint: () => "export it again on the other machine: subforge validator weights export",
    exit: "config",
  }),
  JOURNAL_CONFLICT: spec<{ netuid: number; mechanism: number; epoch: number }>({
    message: (d) =>
      `both journals signed weights for netuid ${d.netuid}, mechanism ${d.mechanism}, epoch ${d.epoch}, and not the same ones`,
    hint: () => "nothing was imported; two machines used this hotkey: keep one of them",
    exit: "failed",
  }),
  JOURNAL_BROKEN: spec<{ path: string; reason: string }>({
    message: (d) => `the journal ${d.path} cannot be used: ${d.reason}`,
    hint: () =>
      "nothing is signed that cannot be recorded: free disk space, check permissions, or restore the file",
    exit: "failed",
  }),
  QUEUE_ADDRESS: spec<{ problem: string }>({
    message: (d) => `the address of Redis cannot be used: ${d.problem}`,
    hint: () =>
      "use redis://127.0.0.1:6379, or rediss://user:password@host:6379 for another machine; docs/scale.md has all forms",
    exit: "config",
  }),
  QUEUE_UNREACHABLE: spec<{ where: string; reason: string }>({
    message: (d) => `Redis at ${d.where} cannot be reached: ${d.reason}`,
    hint: () => "check the address in --queue or REDIS_URL; without one, a private Redis is started",
    exit: "network",
    retryable: true,
  }),
  QUEUE_FULL: spec<{ where: string; problem: string }>({
    message: (d) => `the queue at ${d.where} takes no more work: ${d.problem}`,
    hint: () => "nothing was lost; start more workers, or give Redis more memory",
    exit: "network",
    retryable: true,
  }),
  QUEUE_JOB_OVERDUE: spec<{ place: string; afterMs: number }>({
    message: (d) => `the job ${d.place} was not done after ${d.afterMs} ms`,
    hint: () => "it is given to a worker again; see what that worker waits for",
    exit: "failed",
    retryable: true,
  }),
  QUEUE_TRACE_MISSING: spec<NoDetails>({
    message: () => "tracing was asked for, and the package bullmq-otel is not installed",
    hint: () => "run: npm install bullmq-otel, or leave --trace out",
    exit: "notReady",
  }),
  QUEUE_EVICTS: spec<{ where: string; policy: string }>({
    message: (d) =>
      `Redis at ${d.where} may throw keys away when memory is short (maxmemory-policy ${d.policy})`,
    hint: () => "run: redis-cli config set maxmemory-policy noeviction",
    exit: "config",
  }),
  QUEUE_JOB_TAMPERED: spec<{ place: string; problem: string }>({
    message: (d) => `the job ${d.place} is not ours: ${d.problem}`,
    hint: () => "it was not executed; somebody else writes to this Redis: set a password, or use another one",
    exit: "failed",
  }),
  QUEUE_JOB_VERSION: spec<{ place: string; found: number | string; known: number | string }>({
    message: (d) => `the job ${d.place} is of version ${d.found}, this worker knows ${d.known}`,
    hint: () => "run the same release of subforge for planner and workers",
    exit: "failed",
    retryable: true,
  }),
  REPLAY_STORE_UNREACHABLE: spec<{ where: string; reason: string }>({
    message: (d) => `the replay store at ${d.where} cannot be reached: ${d.reason}`,
    hint: () =>
      "check that Redis runs there; a miner that is the only process of its hotkey can do without a store",
    exit: "network",
    retryable: true,
  }),
  REPLAY_STORE_UNFIT: spec<{ where: string; problem: string }>({
    message: (d) => `the Redis at ${d.where} cannot be a replay store: ${d.problem}`,
    hint: () => "name a single Redis server whose clock is right, not a cluster",
    exit: "config",
  }),
  REDIS_SERVER_MISSING: spec<NoDetails>({
    message: () => "redis-server is not installed",
    hint: () =>
      "run: sudo apt-get install redis-server (or brew install redis), or name a server with --queue",
    exit: "notReady",
  }),
  REDIS_SERVER_FAILED: spec<{ reason: string }>({
    message: (d) => `the private redis-server did not start: ${d.reason}`,
    hint: () => "check that its folder can be written and its port is free, or name a server with --queue",
    exit: "failed",
  }),
  WEIGHTS_INVALID: spec<{ problem: string }>({
    message: (d) => `these are no weights: ${d.problem}`,
    hint: () => "nothing was signed; correct the template's toWeights",
    exit: "failed",
  }),
  PLAN_INVALID: spec<{ problem: string }>({
    message: (d) => `the template's plan cannot be asked: ${d.problem}`,
    hint: () => "the epoch is skipped; correct the template's planEpoch or planStage",
    exit: "failed",
  }),
  CHAIN_STATE_INVALID: spec<{ name: string; problem: string }>({
    message: (d) => `${d.name} is no state of a chain: ${d.problem}`,
    hint: () => "nothing was changed; use a file that subforge chain dump or chain start --state wrote",
    exit: "config",
  }),
  CHAIN_STATE_INCOMPATIBLE: spec<{ name: string; problem: string }>({
    message: (d) => `${d.name} is the state of another chain: ${d.problem}`,
    hint: () => "nothing was changed; start a chain of its kind with it: subforge chain start --state FILE",
    exit: "config",
  }),
  CHAIN_STATE_FILE: spec<{ path: string; reason: string }>({
    message: (d) => `the file ${d.path} cannot be used: ${d.reason}`,
    hint: () => "check the path, its permissions and the free space; an older file there is still whole",
    exit: "config",
  }),
  CHAIN_NOT_LOCAL: spec<{ endpoint: string; method: string }>({
    message: (d) => `the chain at ${d.endpoint} has no ${d.method}: it is no local chain, or not on loopback`,
    hint: () => "start one with subforge chain start, and name it with --endpoint ws://127.0.0.1:PORT",
    exit: "notReady",
  }),
  CHAIN_DEV_REFUSED: spec<{ method: string; reason: string }>({
    message: (d) => `the local chain refused ${d.method}: ${d.reason}`,
    hint: () => "correct what it names; nothing was changed",
    exit: "chain",
  }),
  CHAIN_BLOCK_MISSING: spec<{ block: number }>({
    message: (d) => `the chain has no block ${d.block} any more`,
    hint: () => "a fork dropped it or the node pruned it; the next blocks tell, nothing has to be done",
    exit: "chain",
    retryable: true,
  }),
  VALIDATOR_STALLED: spec<{ stalledS: number; block: number }>({
    message: (d) =>
      `blocks come, the newest is ${d.block}, and for ${d.stalledS} s the planner finished none`,
    hint: () =>
      "whoever supervises it starts it again, and it goes on from its journal; the log says what it waited for",
    exit: "unknown",
    retryable: true,
  }),
  WORKER_QUEUE_NEEDED: spec<NoDetails>({
    message: () => "a worker needs the Redis of its validator",
    hint: () => "name it: subforge validator worker --queue redis://127.0.0.1:6379 (or set REDIS_URL)",
    exit: "usage",
  }),
  WORKER_AMBIGUOUS: spec<{ known: string[] }>({
    message: (d) => `several validators announced themselves on this Redis: ${d.known.join(" or ")}`,
    hint: (d) => `choose one: subforge validator worker ${d.known[0] ?? "--netuid N --template NAME"}`,
    exit: "usage",
  }),
  FAIL_POINT_UNKNOWN: spec<{ name: string }>({
    message: (d) => `there is no fail-point ${JSON.stringify(d.name)}`,
    hint: () => "the names are in shared/fail-point.ts; the form is name or name:nth, from 1",
    exit: "usage",
  }),
  FAIL_POINT_REFUSED: spec<Record<never, never>>({
    message: () => "SUBFORGE_FAIL_POINT is set, and nothing allows this process to die on purpose",
    hint: () => "unset it; a test sets SUBFORGE_FAIL_POINTS_ALLOWED=yes too",
    exit: "usage",
  }),
  EPOCH_NOT_REPLAYABLE: spec<{ epoch: number; missing: string; next: string }>({
    message: (d) => `epoch ${d.epoch} cannot be scored again: ${d.missing}`,
    hint: (d) => d.next,
    exit: "notReady",
  }),
  SCORER_NOT_STARTED: spec<{ template: string; reason: string }>({
    message: (d) => `the scorer of ${d.template} does not start in a process of its own: ${d.reason}`,
    hint: () => "build again (npm run build), or correct what the template does while it is loaded",
    exit: "runtime",
  }),
  WORKER_TEMPLATE_MISSING: spec<{ template: string; netuid: number }>({
    message: (d) =>
      `the validator of netuid ${d.netuid} works with ${d.template}, which does not ship with subforge`,
    hint: (d) =>
      `copy its folder to this machine: subforge validator worker --queue redis://… --template ./${d.template}`,
    exit: "config",
  }),
  WORKER_WALLET: spec<{ hotkey: string; found: string | undefined }>({
    message: (d) =>
      d.found
        ? `this wallet is ${d.found}, the validator is ${d.hotkey}`
        : `the validator's hotkey ${d.hotkey} is no development key, and no wallet was named`,
    hint: () => "name the validator's wallet: --wallet NAME --hotkey NAME",
    exit: "wallet",
  }),
  RUNTIME_BLOB_INVALID: spec<{ problem: string }>({
    message: (d) => `this is no runtime blob: ${d.problem}`,
    hint: () => "fetch one: subforge chain fetch-runtime --endpoint wss://… --out runtime.wasm",
    exit: "config",
  }),
  RUNTIME_IMPORT_UNKNOWN: spec<{ imports: string[] }>({
    message: (d) => `the runtime needs host functions that are not served here: ${d.imports.join(", ")}`,
    hint: () => "use another version of the runtime, or the built-in engine: leave out --runtime",
    exit: "runtime",
  }),
  RUNTIME_API_MISSING: spec<{ api: string }>({
    message: (d) => `the runtime has no function ${d.api}`,
    hint: () => "use another version of the runtime: --runtime takes Subtensor's from mid 2025 on",
    exit: "runtime",
  }),
  RUNTIME_GENESIS_REFUSED: spec<{ reason: string }>({
    message: (d) => `the runtime refused the genesis: ${d.reason}`,
    hint: () => "use a runtime of a Subtensor chain; others have other pallets",
    exit: "runtime",
  }),
  RUNTIME_TRAPPED: spec<{ method: string; reason: string }>({
    message: (d) => `the runtime stopped in ${d.method}: ${d.reason}`,
    hint: () => "nothing was changed; the reason is the runtime's own",
    exit: "runtime",
  }),
  RUNTIME_TOO_SLOW: spec<{ method: string; timeoutMs: number }>({
    message: (d) => `${d.method} of the runtime was stopped after ${d.timeoutMs} ms`,
    hint: () => "nothing was changed; ask for less at once, or use a faster machine",
    exit: "runtime",
  }),
  INTERNAL: spec<{ what: string }>({
    message: (d) => `internal error: ${d.what}`,
    hint: () => "run again with --show-stack-traces and report what it prints",
    exit: "failed",
  }),
} satisfies Record<string, ErrorSpec<never>>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails<Code extends ErrorCode> = Parameters<(typeof ERRORS)[Code]["message"]>[0];

const OURS = Symbol.for("subforge.SubforgeError");

/**
 * An error of the table above. `message` says what was wrong with which value, `hint` what to do next.
 *
 * @example throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason }, { cause: error });
 */
export class SubforgeError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "SubforgeError";
  readonly [OURS] = true;
  readonly code: Code;
  readonly details: ErrorDetails<Code>;
  readonly hint: string;
  readonly retryable: boolean;
  /** Exit code of a command that ends with this error. */
  readonly exitCode: number;

  constructor(code: Code, details: ErrorDetails<Code>, options?: { cause?: unknown }) {
    const entry = ERRORS[code] as unknown as ErrorSpec<ErrorDetails<Code>>;
    super(entry.message(details), options);
    this.code = code;
    this.details = details;
    this.hint = entry.hint(details);
    this.retryable = entry.retryable ?? false;
    this.exitCode = EXIT[entry.exit];
  }

  /** Also of another copy of this module: a template that was compiled from a folder brings its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && OURS in value;
  }

  toJSON(): { code: string; message: string; hint: string; retryable: boolean } {
    return { code: this.code, message: this.message, hint: this.hint, retryable: this.retryable };
  }
}

/** Is this one of ours, optionally with this code? */
export function isSubforgeError<Code extends ErrorCode>(
  error: unknown,
  code?: Code,
): error is SubforgeError<Code> {
  return error instanceof SubforgeError && (code === undefined || error.code === code);
}
