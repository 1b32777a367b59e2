/** The likely cause of each error, in one or two sentences: what a stranger needs and the message has no room for. */
export const CAUSES: Record<string, string> = {
  CLI_USAGE:
    "The command line names a command, flag or value that does not exist, or leaves out one that is needed.",
  CONFIG_INVALID:
    "A value from a file, flag or variable is outside what is allowed. All problems are listed at once.",
  TENSOR_INVALID:
    "The number of values does not fit the shape, or a dimension is negative, fractional or far too large.",
  CHAIN_UNREACHABLE: "No node listens at that address, a firewall is in between, or the node went away.",
  CHAIN_TIMEOUT:
    "The node accepted the connection and then did not answer in time: it is overloaded, syncing or stuck.",
  WALLET_BAD_NAME: "Names become parts of a path, so nothing that could lead elsewhere is accepted.",
  WALLET_NOT_FOUND: "The wallet, the hotkey or the folder has another name, or nothing was created yet.",
  WALLET_EXISTS: "A wallet or hotkey of that name was created before. Losing a key would lose what it owns.",
  WALLET_UNSAFE_FILE:
    "Others could read or swap the file: its mode is too open, or it is a link or no plain file.",
  WALLET_INVALID:
    "The file was cut, edited or written by another program, or its members belong to different keys.",
  WALLET_NO_SECRET: "The file holds a public key only, or an ed25519 key, with which neurons cannot sign.",
  WALLET_PASSWORD_NEEDED:
    "The keyfile is encrypted and the command runs without a terminal, as under systemd or in CI.",
  WALLET_WRONG_PASSWORD: "Another password, or a changed byte: the two cannot be told apart.",
  WALLET_WEAK_PASSWORD:
    "The file format salts every password the same way, so all strength lies in the password.",
  WALLET_DEV_KEY_REFUSED:
    "Development keys such as //Alice are public knowledge: whoever wants can sign with them.",
  WALLET_BAD_SECRET: "The text is no mnemonic with a right checksum, no 32-byte seed and no secret URI.",
  WALLET_BAD_ADDRESS: "A letter is wrong or missing: an address carries a checksum.",
  WALLET_BAD_SIGNATURE: "A digit is missing, or it is the signature of another kind of key.",
  WALLET_SIGNATURE_MISMATCH:
    "The text, the signature or the address is another than the one that was signed.",
  WALLET_UNSAFE_FOLDER:
    "A keyfile can be read by others, belongs to another user or is a link, or a folder can be changed by others.",
  METADATA_DIFFERS:
    "The runtime is newer or older than this release, and renamed, reshaped or dropped what we use.",
  SIGNER_UNREACHABLE:
    "The signer does not run, its socket has another path, or its mode shuts this user out.",
  SIGNER_TIMEOUT: "The signer waits for a person, is busy, or hangs.",
  SIGNER_REFUSED: "The signer does not hold this key, or its rules forbid this call.",
  SIGNER_BAD_ANSWER:
    "The signer signed other bytes or with another key, or what listens there is no signer of this protocol.",
  CHAIN_WRONG_GENESIS:
    "The address leads to another network than the one that was pinned, by a slip or by somebody's intent.",
  CHAIN_NO_SUBNET: "The subnet was never registered on this network, or was dissolved.",
  CHAIN_BAD_ANSWER:
    "The runtime was upgraded to a shape this release has not seen, or the endpoint is no Subtensor.",
  CHAIN_CALL_UNKNOWN:
    "The runtime was upgraded and renamed or reshaped the call. Guessing could sign something else.",
  CHAIN_CALL_REFUSED: "The transaction pool checks before inclusion: balance, nonce, rate limits and rights.",
  CHAIN_CALL_FAILED: "The chain ran the call and one of its rules said no; its own words name the rule.",
  CHAIN_OUTCOME_UNKNOWN:
    "The connection was lost, or no block took the call in time, after it had left this machine.",
  CHAIN_STATE_PRUNED: "A node keeps the state of some hundred blocks; only an archive node has all of them.",
  CHAIN_NONCE_TAKEN: "Two programs sign with one key, each call has a number, and the other one was faster.",
  CHAIN_WRITES_STOPPED:
    "The chain upgraded its runtime, and signing a call of another shape could do something nobody asked for.",
  CHAIN_ENDPOINTS_DISAGREE: "One node is on another fork, broken, or lies; what was written is not verified.",
  CHAIN_STATE_INVALID: "The file was cut, edited or written by another program; its checksum tells.",
  CHAIN_STATE_INCOMPATIBLE:
    "State means something only under the rules and the genesis it was made by, and this chain has others.",
  CHAIN_STATE_FILE: "The folder is missing, the permissions are wrong, or the disk is full.",
  CHAIN_NOT_LOCAL:
    "Making blocks, moving time and faults exist on a development chain only, and only for its own machine.",
  CHAIN_DEV_REFUSED: "A value is out of range, or names a block, snapshot or fault that does not exist.",
  CHAIN_BLOCK_MISSING: "The node follows another fork now, or keeps only recent blocks.",
  OIP_INVALID:
    "Names, types or shapes are not those of the model, the sizes do not add up, or the request uses an extension that is not served.",
  LOCAL_PORT_EXPOSED:
    "The address is not of this machine alone, and no list of exact addresses says who may call.",
  JOURNAL_LOCKED:
    "Two planners with one journal could sign two different vectors for one epoch, so the second refuses.",
  DOPPELGANGER_FOUND:
    "Two machines with one hotkey could sign two different vectors for one epoch, so the newcomer stops.",
  PLANNER_LEASE_HELD:
    "Weights are set by hand only while no validator does it: the lease in Redis says that one runs, on this machine or another.",
  PLANNER_LEASE_LOST: "This process stood still, or was cut off from Redis, for longer than its lease lasts.",
  JOURNAL_FOREIGN: "The data folder was used before with another network or hotkey.",
  JOURNAL_ABSENT: "The command reads what a validator recorded, and the folder has no record of any.",
  WEIGHTS_NOT_SIGNED:
    "The chain would not take them: no permit, too little stake, the rate limit, or weights that this journal does not know.",
  WEIGHTS_FAILED:
    "The call failed in its block, or the chain shows another vector than the one that was sent.",
  WEIGHTS_UNSETTLED:
    "The command was stopped, or blocks came too slowly, before the chain showed the vector.",
  JOURNAL_EXPORT_EXISTS:
    "An export may be the only copy of what a validator signed, so it is not written over.",
  JOURNAL_NO_RECORD: "Another subnet, mechanism or epoch is meant, or the validator was not running then.",
  JOURNAL_NEWER: "The data folder was used by a newer release, whose records this one might misread.",
  JOURNAL_OLDER: "An older release wrote it, and a validator of this one did not open it yet.",
  JOURNAL_FULL: "The disk, or the quota of this user, is full.",
  JOURNAL_IMPORT_INVALID: "The file was cut or edited, or is no export of a journal.",
  JOURNAL_CONFLICT: "Two machines signed with one hotkey at the same time, each with a journal of its own.",
  JOURNAL_BROKEN: "The disk is full, the permissions are wrong, or the file was damaged.",
  PLAN_DECLINED: "What changes the chain is done only after a yes, at the terminal or by --yes.",
  FUZZ_USAGE: "The command line of npm run fuzz has a flag or value that does not exist.",
  NEMESIS_USAGE: "The command line of npm run nemesis has a flag or value that does not exist.",
  SOAK_USAGE: "The command line of npm run soak has a flag or value that does not exist.",
  CRITERIA_USAGE: "The command line of npm run sim -- criteria has a flag or value that does not exist.",
  SIM_FOLDER_TAKEN:
    "The folder of --out is not empty, and what lies there came from other groups, settings or a program.",
  SIM_FOLDER_FAILED: "The disk is full, or the folder belongs to somebody else.",
  SIM_FILE_UNREADABLE:
    "The file is missing, is no JSON, or was written by another version or another program.",
  SIM_INTERRUPTED: "Ctrl+C, or a signal from whoever started the command, came while epochs were played.",
  BALANCE_TOO_LOW: "The price of the call and its fee together are more than the account has free.",
  REGISTRATION_CLOSED:
    "Registration was switched off, by the chain's administrator or before the subnet was set up.",
  WRITE_NOT_SHOWN: "Between the block of the call and this look, somebody else changed the same thing.",
  HYPERPARAMETER_INVALID:
    "The name is unknown, the value does not fit it, or only the chain's administrator sets it.",
  SUBNET_NOT_OWNER:
    "Only the coldkey that registered a subnet, or was given it, may set its rules or start it.",
  SUBNET_TOO_YOUNG: "The chain gives a new subnet some time to prepare before its emission can begin.",
  QUEUE_ADDRESS:
    "The address has none of the documented forms, names a file that cannot be read, or would send tasks unprotected over a network.",
  QUEUE_UNREACHABLE:
    "No Redis listens at that address, its password is another one, or a firewall is in between.",
  QUEUE_FULL:
    "More jobs wait than workers can do in time, or Redis has nearly used the memory it may use. Adding stops before anything is lost.",
  QUEUE_JOB_OVERDUE:
    "Whoever worked on the job waited for something that never came; the place in the worker is free again.",
  QUEUE_TRACE_MISSING: "Traces are made by an optional package, which most installations do without.",
  QUEUE_EVICTS:
    "A Redis that is set up as a cache throws keys away when memory is short. Tasks would vanish silently.",
  QUEUE_JOB_TAMPERED:
    "Jobs carry a tag that only holders of the validator's key can make, and this one's is wrong.",
  QUEUE_JOB_VERSION: "Planner and worker run different releases, or different versions of the template.",
  REPLAY_STORE_UNREACHABLE:
    "Without the store nobody can rule out that a request was answered before, so nothing is answered.",
  REPLAY_STORE_UNFIT:
    "A cluster may lose the nonces and keep the marker that tells of it; with clocks apart, a lost memory goes unseen.",
  REDIS_SERVER_MISSING:
    "Without a shared Redis a private one is started, and the program for it was not found on PATH.",
  REDIS_SERVER_FAILED: "The program was found and ended by itself; its own words say why.",
  WEIGHTS_INVALID:
    "The template returned a weight that is negative, not finite, doubled or for a uid that does not exist.",
  VALIDATOR_STALLED:
    "The planner waits for something without an end of its own, or the disk of its journal hangs. It ended itself after --max-stall seconds, so that its supervisor can start it again.",
  WORKER_QUEUE_NEEDED: "Neither --queue nor REDIS_URL says where the validator's jobs are.",
  WORKER_AMBIGUOUS: "Several validators share this Redis, and a worker works for one of them.",
  FAIL_POINT_UNKNOWN: "SUBFORGE_FAIL_POINT names no place at which a process may die in a test.",
  FAIL_POINT_REFUSED:
    "A variable of the crash tests reached a process that is no test: it would have died in the middle of its work.",
  EPOCH_NOT_REPLAYABLE:
    "To score an epoch again takes its answers, which are kept for some epochs; the state before it; and its secret, which is public when the epoch after it has ended.",
  SCORER_NOT_STARTED:
    "Scorers run where they can read the built package and nothing else. A template that wants more while it is loaded, or another build than the planner's, is not scored with.",
  WORKER_WALLET: "A worker signs questions with the validator's hotkey, so it needs the same key.",
  PLAN_INVALID:
    "The template planned a job with an unknown synapse, a doubled task or a recipient that is not registered.",
  BENCH_USAGE: "The benchmark does not exist, or none was named.",
  PYTHON_MISSING:
    "The foreign clients are Python packages; there is no python3 on PATH, or it comes without its venv module.",
  PYTHON_PACKAGES:
    "PyPI or the index that pip is configured for cannot be reached, or has no release for this Python and platform.",
  INTEROP_USAGE: "A client is misspelt, or the flag does not exist.",
  TEMPLATE_NOT_FOUND: "The path is misspelt, or the folder was not made by subforge create.",
  TEMPLATE_SYNTAX: "A file below template/ was saved half-way, or imports what is not installed.",
  TEMPLATE_INVALID:
    "The code compiles but is no template: a function is missing, a name has other characters, or it throws when it is loaded.",
  CREATE_NAME:
    "The name becomes a folder, a route and the name of a queue, and must not be that of a shipped template.",
  CREATE_EXISTS: "Files are never overwritten: what is there may be somebody's work.",
  WORKER_TEMPLATE_MISSING:
    "The validator runs a template from a folder of its operator, and a worker on another machine needs that folder too.",
  SUBNET_UNKNOWN: "The name is misspelt, or the subnet belongs to another release.",
  MODEL_DAMAGED: "A model file of this installation was deleted, cut or replaced.",
  MESSAGE_INVALID:
    "The other side sent something else, or a value that has no place in a message, such as NaN or a key __proto__.",
  MINER_MODEL_MISSING: "The path is misspelt, or the file may not be read by this user.",
  MINER_MODEL_INVALID:
    "The file is cut or no ONNX file, uses operators that need a library of their own, or keeps weights outside its folder.",
  MINER_MODEL_CHANGED:
    "The file was replaced while it was served, and the new one was not asked for: what runs stays what was checked at the start.",
  MINER_MODEL_NAME: "Names become parts of web addresses, and one name stands for one model.",
  MINER_NO_CUDA: "The CUDA provider of the runtime, or a library it needs, is not installed on this machine.",
  ARCHIVE_REFUSED:
    "The archive is cut or damaged, or was made to write outside its folder or to fill the disk: it is not what was published.",
  GPU_DRIVER:
    "No NVIDIA driver answers, because there is none, it is too old, or this is a container without its GPUs.",
  GPU_RELEASE:
    "The runtime and its CUDA provider must be of one release, and only one release is pinned in this version.",
  GPU_DECLINED:
    "Some files of hundreds of megabytes are fetched only after a yes, and without a terminal nobody can say it.",
  GPU_FILES_NEEDED:
    "There is no python3 with pip to fetch the files with, or --from-file named some of them and not all.",
  GPU_FILE_UNKNOWN: "The file is another release or another platform's, or it was cut or changed on its way.",
  GPU_DOWNLOAD_FAILED:
    "The package index cannot be reached, does not have the pinned release, or serves a changed file.",
  GPU_NO_SPACE:
    "The libraries of CUDA take some two gigabytes unpacked, besides the archives while they are unpacked.",
  GPU_LOAD_FAILED:
    "The files are the right ones, so it is the machine: a driver older than the libraries, or a card without memory.",
  MINER_NOT_REGISTERED:
    "The hotkey never registered on this subnet, was replaced by a newer one, or the network is another one.",
  MINER_ANNOUNCE_FAILED:
    "The chain limits how often an address may change, and takes only addresses that the internet can reach.",
  MODEL_NOT_COMMITTABLE:
    "Validators fetch one file of a bounded size and compare its hash: weights in other files, or a larger model, would escape that.",
  MINER_COMMITMENT:
    "A subnet's work commits to what it did, in the one place that a neuron has on chain for that; a model's hash is kept there too.",
  MINER_PUBLISH_LATER:
    "An address was published a short time ago, and the chain limits how often a hotkey may do that.",
  MINER_ADDRESS_UNKNOWN:
    "Behind a router no interface has a public address, and a machine with several has no obvious one.",
  MINER_CLOCK_SKEW:
    "Time is not kept by NTP, or the machine slept. Requests signed more than seconds away from its time are refused.",
  MINER_ANSWER_WRONG:
    "The miner is not running, is another one, serves another model, refuses the caller, or a firewall is in between.",
  MINER_BENCH_SHAPE:
    "Dimensions other than the first are dynamic in the file, as the length of a text often is.",
  CONFIG_EXISTS: "Settings that somebody wrote, perhaps by hand, are never replaced without being told to.",
  PORT_IN_USE: "Another miner, or another program, listens on that port already.",
  PORT_FORBIDDEN:
    "Ports below 1024 need a privilege, and a server can only listen on addresses of its own machine.",
  INFERENCE_INPUT: "The question was made for another model, or the wrong file is served.",
  INFERENCE_OVERLOADED: "Questions come faster than the model answers them.",
  INFERENCE_DEADLINE: "The model is slower than the subnet allows, or the caller went away.",
  INFERENCE_NO_MEMORY:
    "The batch needs more memory than the device has left; another program may use it too.",
  INFERENCE_CRASHED: "Native code of the runtime failed, ran out of memory, or hung and was killed.",
  INFERENCE_QUARANTINED: "This input, alone, made the runtime crash or hang.",
  INFERENCE_STOPPED: "The miner is shutting down.",
  DEV_STALLED:
    "The machine is too busy for such short epochs, or the validator keeps refusing to set weights; it says why each time.",
  BUILD_MISSING: "The command runs from a source folder whose dist/ was never built, or was deleted.",
  RUNTIME_BLOB_INVALID:
    "The file is no WebAssembly runtime, was cut while it was copied, or was saved as hex instead of bytes.",
  RUNTIME_IMPORT_UNKNOWN:
    "The runtime is newer than this release, or belongs to a chain that gives its runtime more than Substrate does.",
  RUNTIME_API_MISSING: "The runtime is older than the function, or belongs to another kind of chain.",
  RUNTIME_GENESIS_REFUSED:
    "The runtime builds its own first state, and did not understand the one it was given.",
  RUNTIME_TRAPPED:
    "The runtime met something its rules do not allow, such as arguments it cannot decode, and gave up by itself.",
  RUNTIME_TOO_SLOW:
    "The question makes the runtime walk more state than it can in that time, or it never ends.",
  INTERNAL: "A mistake in this project: something happened that no part of it expected.",
};
