import { EXIT, isSubforgeError } from "../shared/errors.ts";
import { type Output, table } from "./output.ts";

/**
 * `missing` is needed and absent; `warn` is worth knowing; `absent` is not needed by what was asked for.
 * `fact` is what was found, `next` what to do about it, `code` what `subforge explain` knows more of.
 */
export type Finding = {
  what: string;
  state: "ok" | "warn" | "missing" | "absent";
  fact: string;
  next?: string;
  code?: string;
};

export function ok(what: string, fact: string): Finding {
  return { what, state: "ok", fact };
}

export function missing(what: string, fact: string, next: string): Finding {
  return { what, state: "missing", fact, next };
}

/** What a check throws becomes its finding, with the hint as the next step. */
export async function orMissing(what: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return ok(what, await look());
  } catch (error) {
    return fromError(what, error);
  }
}

/** @throws what is no SubforgeError */
export function fromError(what: string, error: unknown): Finding {
  if (!isSubforgeError(error)) throw error;
  return { ...missing(what, `${error.code}: ${error.message}`, error.hint), code: error.code };
}

/** A table for people or a document, and the exit code: 8 when something is missing. */
export function printFindings(findings: readonly Finding[], output: Output): void {
  const rows = findings.map(({ what, state, fact, next }) => [what, state, next ? `${fact}; ${next}` : fact]);
  const lacking = findings.filter(({ state }) => state === "missing").map(({ what }) => what);
  const verdict = lacking.length === 0 ? "ready" : `not ready: ${lacking.join(", ")}`;
  output.result({ ready: lacking.length === 0, findings }, [
    ...table([["what", "state", "found"], ...rows]),
    verdict,
  ]);
  if (lacking.length > 0) process.exitCode = EXIT.notReady;
}
