import { SubforgeError } from "../../shared/errors.ts";

/** What an operator may ask for. `auto` takes CUDA when it loads, and the status says which one it is. */
export const DEVICES = ["cpu", "cuda", "auto"] as const;
export type DeviceChoice = (typeof DEVICES)[number];

/** Where a model really runs. */
export type Device = "cpu" | "cuda";

/**
 * Opens a session where it was asked for. A miner that asked for CUDA never runs on the CPU without saying so.
 *
 * @param open - Opens the model with one execution provider, or throws.
 * @throws SubforgeError MINER_NO_CUDA when the model opens on the CPU and not on CUDA
 * @throws what `open` throws for the CPU
 */
export async function openOnDevice<Session>(
  choice: DeviceChoice,
  open: (device: Device) => Promise<Session>,
): Promise<{ session: Session; device: Device }> {
  if (choice !== "cpu") {
    try {
      return { session: await open("cuda"), device: "cuda" };
    } catch (error) {
      if (choice === "cuda") {
        await open("cpu"); // is it the provider, or the model?
        throw new SubforgeError("MINER_NO_CUDA", { reason: firstLine(error) });
      }
    }
  }
  return { session: await open("cpu"), device: "cpu" };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.slice(0, 200);
}
