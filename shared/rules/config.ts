import type { z } from "zod";
import { SubforgeError } from "../errors.ts";

/**
 * A template's configuration with every default filled in. Nothing at all is the default configuration.
 *
 * @throws SubforgeError CONFIG_INVALID, with one problem for each field
 */
export function parseConfig<Schema extends z.ZodType>(
  template: string,
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new SubforgeError("CONFIG_INVALID", { what: `the configuration of ${template}`, problems });
}
