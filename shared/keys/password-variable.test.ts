import { describe, expect, it } from "vitest";
import { decodePasswordVariable, passwordVariable } from "./password-variable.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type EnvCase = { keyfile_path: string; env_var: string; password: string; env_value: string };
const { cases } = readVectors<{ cases: EnvCase[] }>("env_password", { cases: [] });

describe.skipIf(!haveVectors)("password variables (skipped where the folder of vectors is absent)", () => {
  it.each(cases)("$env_var holds its password", ({ keyfile_path, env_var, password, env_value }) => {
    expect(passwordVariable(keyfile_path)).toBe(env_var);
    expect(decodePasswordVariable(env_var, env_value)).toBe(password);
  });
});

describe("password variables", () => {
  it.each(["", "plain text", "a", "====", "/////w=="])("refuses the value %j", (value) => {
    expect(() => decodePasswordVariable("BT_PW_X", value)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});
