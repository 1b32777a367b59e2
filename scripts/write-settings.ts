import { writeFile } from "node:fs/promises";
import { SubforgeError } from "../shared/errors.ts";

/**
 * Write a file of settings.
 *
 * @param options.force - Write over a file that is there.
 * @param options.flag - The flag that names another file, for the hint.
 * @throws SubforgeError CONFIG_EXISTS, CONFIG_INVALID
 */
export async function writeSettings(
  path: string,
  settings: Record<string, unknown>,
  { force, flag }: { force: boolean; flag: string },
): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(settings, null, 2)}\n`, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new SubforgeError("CONFIG_EXISTS", { path, flag });
    throw new SubforgeError("CONFIG_INVALID", { what: path, problems: [`it cannot be written: ${code}`] });
  }
}
