import { childSeed, type Random, randomFrom } from "../../../shared/rules/beacon.ts";

/** Readings of one item in time, and sensors that read. */
export const STEPS = 32;
export const SENSORS = 4;

/** Share of the items in which one sensor is faulty. */
const FAULTY_SHARE = 0.2;

/** What a plant does while its sensors are sound. `surge` is an event that all sensors feel, and no fault. */
const REGIMES = ["calm", "trend", "season", "trend and season", "surge"] as const;

/** How one sensor can be wrong, from a moment on. */
const FAULTS = ["spike", "level shift", "stuck", "drift", "lost correlation", "frequency change"] as const;

type Regime = (typeof REGIMES)[number];
type Fault = (typeof FAULTS)[number];

/** A fault begins this late at the earliest, and leaves itself this much time. */
const EARLIEST = 6;
const LATEST = STEPS - 10;

/** 1 for the items in which a sensor is faulty, else 0. */
export function drawFaulty(seed: Uint8Array, count: number): Float32Array {
  const random = randomFrom(childSeed(seed, "faulty"));
  return Float32Array.from({ length: count }, () => (random.uniform() < FAULTY_SHARE ? 1 : 0));
}

/**
 * Readings of correlated sensors: a signal that all of them follow, each with an offset, a gain and a noise of its own.
 * In a faulty item one sensor stops following, at a random moment, more or less visibly.
 *
 * @returns float32 [faulty, STEPS, SENSORS], row-major. Mostly within -10..10.
 */
export function drawStreams(seed: Uint8Array, faulty: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const random = randomFrom(childSeed(seed, "streams"));
  const streams = new Float32Array(faulty.length * STEPS * SENSORS);
  for (let item = 0; item < faulty.length; item++) {
    const at = item * STEPS * SENSORS;
    drawStream(random, faulty[item] === 1, streams.subarray(at, at + STEPS * SENSORS));
  }
  return streams;
}

function drawStream(random: Random, isFaulty: boolean, readings: Float32Array): void {
  const between = (from: number, to: number) => from + (to - from) * random.uniform();
  const regime = REGIMES[random.below(REGIMES.length)]!;
  const signal = drawSignal(random, regime);
  const noise = between(0.1, 0.35);
  const fault = isFaulty ? FAULTS[random.below(FAULTS.length)]! : undefined;
  const faultySensor = random.below(SENSORS);
  for (let sensor = 0; sensor < SENSORS; sensor++) {
    const gain = between(0.7, 1.3);
    const offset = 2 * random.normal();
    const values = Float64Array.from(signal, (value) => gain * value);
    let wander = 0; // noise that lasts: sound sensors part for a while, too
    for (let t = 0; t < STEPS; t++) {
      const shock = noise * random.normal();
      wander = 0.85 * wander + 0.5 * shock;
      values[t]! += wander + shock;
    }
    if (fault && sensor === faultySensor) plant(random, fault, values, noise, signal);
    values.forEach((value, t) => {
      readings[t * SENSORS + sensor] = offset + value;
    });
  }
}

/** What all sensors follow, [STEPS]. Deviates from its mean by about 1. */
function drawSignal(random: Random, regime: Regime, speed = 1): Float64Array {
  const between = (from: number, to: number) => from + (to - from) * random.uniform();
  const period = between(6, 14) / speed;
  const phase = between(0, 2 * Math.PI);
  const slope = (random.below(2) === 0 ? -1 : 1) * between(0.05, 0.12);
  const surge = { at: EARLIEST + random.below(LATEST - EARLIEST), size: 3 * random.normal() };
  let level = random.normal();
  return Float64Array.from({ length: STEPS }, (_, t) => {
    level = 0.9 * level + 0.3 * random.normal();
    const season = 1.3 * Math.sin((2 * Math.PI * t) / period + phase);
    switch (regime) {
      case "calm":
        return level;
      case "trend":
        return slope * t + 0.5 * level;
      case "season":
        return season + 0.3 * level;
      case "trend and season":
        return slope * t + season;
      case "surge":
        return level + (t >= surge.at ? surge.size : 0);
    }
  });
}

/** Makes one sensor wrong from a random moment on. How wrong, in units of its noise, is drawn too: some are hard to see. */
function plant(
  random: Random,
  fault: Fault,
  values: Float64Array,
  noise: number,
  signal: Float64Array,
): void {
  const start = EARLIEST + random.below(LATEST - EARLIEST);
  const severity = 0.5 + 1.5 * random.uniform();
  const sign = random.below(2) === 0 ? -1 : 1;
  const other = drawSignal(random, "season", 1 + severity);
  const held = values[start]!;
  for (let t = start; t < STEPS; t++) {
    const since = t - start;
    if (fault === "spike" && since < 2) values[t]! += sign * noise * (3 + 4 * severity);
    if (fault === "level shift") values[t]! += sign * noise * (2 + 3 * severity);
    if (fault === "stuck") values[t] = held;
    if (fault === "drift") values[t]! += sign * noise * severity * 0.7 * since;
    if (fault === "lost correlation") values[t]! += severity * (other[t]! - signal[t]!) * 0.8;
    if (fault === "frequency change") values[t]! += severity * Math.sin(since * (1.2 + severity));
  }
}
