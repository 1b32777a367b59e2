import { SubforgeError } from "../../shared/errors.ts";
import type { Command } from "../options.ts";

const options = {
  code: { type: "string", demandOption: true, describe: "Code of an error, as it is printed" },
} as const;

/** `subforge explain <code>` */
export const explainCommand: Command<typeof options> = {
  command: "explain <code>",
  describe: "Say what an error means and what to do",
  builder: options,
  handler: async (args) => {
    const { ERROR_CODES, explain, isErrorCode } = await import("../error-catalogue.ts");
    const { createOutput } = await import("../output.ts");
    const code = args.code.toUpperCase();
    if (!isErrorCode(code)) {
      const { nearest } = await import("../nearest.ts");
      const guess = nearest(code, ERROR_CODES);
      const problem = `no error has the code ${args.code}${guess ? `; did you mean ${guess}?` : ""}`;
      throw new SubforgeError("CLI_USAGE", { problem, command: "explain" });
    }
    const explanation = explain(code);
    createOutput(args).result(explanation, [
      `${explanation.code}  ${explanation.message}`,
      "",
      `cause  ${explanation.cause}`,
      `next   ${explanation.hint}`,
      `exit   ${explanation.exitCode}${explanation.retryable ? "; the same call may succeed later" : ""}`,
    ]);
  },
};
