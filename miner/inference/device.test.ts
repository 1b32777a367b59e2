import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Device, isDeviceLost, isOutOfMemory, openOnDevice, placement } from "./device.ts";

/** Opens on the devices it is given; on the others it fails as the runtime does. */
function opener(...working: Device[]) {
  const asked: Device[] = [];
  const open = async (device: Device) => {
    asked.push(device);
    if (!working.includes(device)) throw new Error(`no ${device}\nat somewhere`);
    return `session on ${device}`;
  };
  return { asked, open };
}

describe("where a model runs", () => {
  test("M1: a miner that asked for CUDA does not start without it, whatever the reason", async () => {
    const { asked, open } = opener("cpu");
    await expect(openOnDevice("cuda", open)).rejects.toMatchObject({
      code: "MINER_NO_CUDA",
      details: { reason: "no cuda" },
    });
    expect(asked).toEqual(["cuda", "cpu"]); // the CPU only proved that the model is not to blame
  });

  test("M1: auto says that it is the CPU when CUDA does not load", async () => {
    expect(await openOnDevice("auto", opener("cpu").open)).toEqual({
      session: "session on cpu",
      device: "cpu",
    });
  });

  test("takes CUDA where it works and never asks for the CPU then", async () => {
    for (const choice of ["cuda", "auto"] as const) {
      const { asked, open } = opener("cuda", "cpu");
      expect(await openOnDevice(choice, open)).toMatchObject({ device: "cuda" });
      expect(asked).toEqual(["cuda"]);
    }
  });

  test("does not touch CUDA when the CPU was asked for", async () => {
    const { asked, open } = opener("cuda", "cpu");
    expect(await openOnDevice("cpu", open)).toMatchObject({ device: "cpu" });
    expect(asked).toEqual(["cpu"]);
  });

  test("blames the model and not CUDA when it opens nowhere", async () => {
    await expect(openOnDevice("cuda", opener().open)).rejects.toThrow("no cpu");
    await expect(openOnDevice("auto", opener().open)).rejects.toThrow("no cpu");
  });

  test("gives CUDA's own words as the reason, without the runtime's source around them", async () => {
    const text =
      "/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void> CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; hostname=box ; expr=cudaSetDevice(id); ";
    const open = async (device: Device) => {
      if (device === "cuda") throw new Error(text);
      return device;
    };
    await expect(openOnDevice("cuda", open)).rejects.toMatchObject({
      details: {
        reason: "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
      },
    });
  });
});

test("a session is told its card, and whether the CPU may take a node", () => {
  expect(placement("cpu", { deviceId: 3, wholeGraph: true })).toEqual({ executionProviders: ["cpu"] });
  expect(placement("cuda")).toEqual({ executionProviders: [{ name: "cuda", deviceId: 0 }] });
  expect(placement("cuda", { deviceId: 3, wholeGraph: true })).toEqual({
    executionProviders: [{ name: "cuda", deviceId: 3 }],
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
});

describe("what a failed run means for its process", () => {
  test.each([
    "Failed to allocate memory for requested buffer of size 34359738368",
    "Available memory of 1048576 is smaller than requested bytes of 2097152",
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=box",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
    "CUDNN failure 4002: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
  ])("M2: %j is want of memory, and the process goes on", (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(true);
    expect(isDeviceLost(new Error(message))).toBe(false);
  });

  test.each([
    "CUDA failure 700: an illegal memory access was encountered ; GPU=0",
    "CUDA failure 719: unspecified launch failure ; GPU=0",
    "CUDA failure 214: uncorrectable ECC error encountered ; GPU=1",
  ])("%j costs the process its card", (message) => {
    expect(isDeviceLost(new Error(message))).toBe(true);
    expect(isOutOfMemory(new Error(message))).toBe(false);
  });

  test("nothing else is either", () => {
    for (const message of ["Got invalid dimensions for input: x", "CUDA failure 200: device kernel image"]) {
      expect(isOutOfMemory(new Error(message)) || isDeviceLost(new Error(message))).toBe(false);
    }
    fc.assert(fc.property(fc.string(), (text) => !(isOutOfMemory(text) && isDeviceLost(text))));
  });
});
