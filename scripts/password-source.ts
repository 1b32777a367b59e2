import { createReadStream, fstatSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";
import { isatty } from "node:tty";
import { within } from "../shared/deadline.ts";
import { SubforgeError } from "../shared/errors.ts";
import { passwordsIn } from "../shared/keys/password-text.ts";
import { decodePasswordVariable, passwordVariable } from "../shared/keys/password-variable.ts";
import { Secret } from "../shared/keys/secret.ts";
import { askSecret, hasTerminal } from "./ask.ts";

/** Far more than any password or mnemonic. */
const MAX_SECRET_BYTES = 4096;

/** Whoever was to write into a descriptor has forgotten it by then. */
const DESCRIPTOR_TIMEOUT_MS = 10_000;

/** The parsed `passwordOptions`. `password`: a parent process sent it. */
export type PasswordArgs = {
  passwordFile?: string | undefined;
  passwordFd?: number | undefined;
  password?: Secret | undefined;
};

/** `from` names the source for people. `read` gives what the password may be: try them in this order. */
export type PasswordSource = { from: string; read(): Promise<Secret[]> };

/**
 * Where the password of an encrypted keyfile comes from: the flags, else btcli's variable, else the terminal. Nothing
 * is read or asked yet.
 *
 * @throws SubforgeError WALLET_PASSWORD_NEEDED when there is none of them, CLI_USAGE for two flags
 */
export function passwordSource(keyfilePath: string, args: PasswordArgs): PasswordSource {
  const { password } = args;
  if (password) return { from: "the parent process", read: async () => [password] };
  const flagged = flaggedSource(args);
  if (flagged) return flagged;
  const variable = passwordVariable(keyfilePath);
  const value = process.env[variable];
  if (value !== undefined) {
    return { from: variable, read: async () => [new Secret(decodePasswordVariable(variable, value))] };
  }
  if (!hasTerminal()) throw new SubforgeError("WALLET_PASSWORD_NEEDED", { path: keyfilePath, variable });
  return { from: "the terminal", read: async () => [await askSecret(`Password of ${keyfilePath}: `)] };
}

/** The source that the flags name; undefined when they name none. */
export function flaggedSource({ passwordFile, passwordFd }: PasswordArgs): PasswordSource | undefined {
  if (passwordFile !== undefined && passwordFd !== undefined) {
    throw new SubforgeError("CLI_USAGE", {
      problem: "give --password-file or --password-fd, not both",
      command: "",
    });
  }
  if (passwordFile !== undefined) {
    const from = `--password-file ${passwordFile}`;
    return { from, read: async () => passwordsIn(await readSecretFile(passwordFile, from)) };
  }
  if (passwordFd === undefined) return undefined;
  const from = `--password-fd ${passwordFd}`;
  return { from, read: async () => passwordsIn(await readSecretFd(passwordFd, from)) };
}

/**
 * The bytes of a file with a secret.
 *
 * @param from - What named it, for the error.
 * @throws SubforgeError CONFIG_INVALID when the file cannot be read, is empty or far too long
 */
export async function readSecretFile(path: string, from: string): Promise<Uint8Array> {
  const fail = (error: NodeJS.ErrnoException): never => {
    throw invalid(from, `it cannot be read (${error.code})`);
  };
  const file = await open(path, "r").catch(fail);
  try {
    const { bytesRead, buffer } = await file
      .read(Buffer.alloc(MAX_SECRET_BYTES + 1), 0, MAX_SECRET_BYTES + 1)
      .catch(fail);
    return requireLength(buffer.subarray(0, bytesRead), from);
  } finally {
    await file.close();
  }
}

/**
 * What a descriptor holds until its writer closes it.
 *
 * @throws SubforgeError CONFIG_INVALID also when nobody closes it in time, or when it is a terminal, which would echo
 */
export async function readSecretFd(
  fd: number,
  from: string,
  timeoutMs = DESCRIPTOR_TIMEOUT_MS,
): Promise<Uint8Array> {
  if (!Number.isInteger(fd) || fd < 0) throw invalid(from, "a descriptor is a small whole number");
  if (isatty(fd)) throw invalid(from, "it is a terminal, which would show what is typed");
  const late = new AbortController();
  const overdue = () => {
    late.abort();
    return invalid(from, `nobody closed it within ${timeoutMs / 1000} s`);
  };
  return requireLength(await within(readToEnd(fd, from, late.signal), timeoutMs, overdue), from);
}

async function readToEnd(fd: number, from: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of openDescriptor(fd, signal)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_SECRET_BYTES) break;
    }
  } catch (error) {
    throw invalid(from, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return Buffer.concat(chunks);
}

/** A pipe is awaited by the event loop: a thread that waits for it would keep the whole process from ending. */
function openDescriptor(fd: number, signal: AbortSignal): AsyncIterable<Buffer> {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket()
    ? new Socket({ fd, readable: true, writable: false, signal })
    : createReadStream("", { fd, signal });
}

function requireLength(bytes: Uint8Array, from: string): Uint8Array {
  if (Buffer.from(bytes).toString("latin1").trim() === "") throw invalid(from, "it is empty");
  if (bytes.length > MAX_SECRET_BYTES) throw invalid(from, `it is longer than ${MAX_SECRET_BYTES} bytes`);
  return bytes;
}

function invalid(what: string, problem: string): SubforgeError {
  return new SubforgeError("CONFIG_INVALID", { what, problems: [problem] });
}
