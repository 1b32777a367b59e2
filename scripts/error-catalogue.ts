import { ERRORS, type ErrorCode, EXIT } from "../shared/errors.ts";
import { CAUSES } from "./error-causes.ts";

/** What a code means, with `<name>` where an error of that code shows a value. */
export type Explanation = {
  code: ErrorCode;
  message: string;
  cause: string;
  hint: string;
  exit: keyof typeof EXIT;
  exitCode: number;
  retryable: boolean;
};

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

export function explain(code: ErrorCode): Explanation {
  const entry = ERRORS[code];
  const message = entry.message as (details: unknown) => string;
  const hint = entry.hint as (details: unknown) => string;
  return {
    code,
    message: String(message(placeholders)),
    cause: CAUSES[code] ?? "",
    hint: String(hint(placeholders)),
    exit: entry.exit,
    exitCode: EXIT[entry.exit],
    retryable: "retryable" in entry && entry.retryable === true,
  };
}

/** The page docs/errors.md. */
export function catalogueMarkdown(): string {
  const sections = [...ERROR_CODES].sort().map((code) => {
    const { message, cause, hint, exitCode, exit, retryable } = explain(code);
    const again = retryable ? " The same call may succeed later." : "";
    return `## ${code}\n\n> ${message}\n\n**Cause:** ${cause}${again}\n\n**Next step:** ${hint}\n\n**Exit code:** ${exitCode} (${exit})\n`;
  });
  return `${PREFACE}\n${sections.join("\n")}`;
}

const PREFACE = `# Errors

Every error this project raises on purpose has a code. \`subforge explain <code>\` prints the same text offline, and with
\`--json\` an error is one document: \`{"error":{"code","message","hint"}}\`. Branch on the code, never on the text.

This page is made from \`shared/errors.ts\` and \`scripts/error-causes.ts\` by \`npm run docs\`.

| Exit code | Means |
|---|---|
${Object.entries({
  ok: "done",
  failed: "declined, or a failure without a class of its own",
  usage: "wrong flag, command or argument",
  config: "bad configuration or input file",
  network: "chain, Redis or another endpoint cannot be reached",
  wallet: "key, password or permission",
  chain: "the chain refused",
  unknown: "outcome unknown: resolve it before trying again",
  notReady: "something that is needed is missing",
  check: "a check or a simulation found a fault",
  runtime: "this runtime is not supported",
  interrupted: "ended by a second signal",
} satisfies Record<keyof typeof EXIT, string>)
  .map(([name, meaning]) => `| ${EXIT[name as keyof typeof EXIT]} | ${meaning} |`)
  .join("\n")}
`;

/** Stands for the values of any error: each property, however deep, prints as its own name. */
const placeholders: unknown = placeholder("");

function placeholder(name: string): unknown {
  const text = () => `<${name}>`;
  return new Proxy(text, {
    get: (_, key) => {
      if (key === Symbol.toPrimitive || key === "toString" || key === "join" || key === "toFixed")
        return text;
      if (key === "map" || key === "slice" || key === "filter") return () => placeholder(name);
      return typeof key === "string" ? placeholder(key) : undefined;
    },
  });
}
