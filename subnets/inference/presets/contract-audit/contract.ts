import { childSeed, type Random, randomFrom } from "../../../../shared/rules/beacon.ts";
import {
  type Code,
  emit,
  emitAddress,
  emitConstant,
  emitMark,
  emitOp,
  link,
  newPlace,
  startCode,
} from "./assembler.ts";
import { GRAMMAR, HARMLESS } from "./blocks.ts";
import { DEFECTS, type Defect } from "./families.ts";

/** Instructions that a model reads of one contract. */
export const MAX_INSTRUCTIONS = 1_024;

/** Attempts with less and less padding; the last one has none and always fits. */
const FILLERS = [3, 2, 1, 0, 0, 0] as const;

/** What one function does for its family, and whether it does it wrong. */
type Part = { defect: Defect; flawed: boolean };

/** One function of a contract: the parts it plays. */
type Plan = readonly Part[];

/** Families whose part makes the order of a whole function. */
const ALONE: ReadonlySet<Defect> = new Set(["reentrancy", "unprotected-selfdestruct"]);

/**
 * `flaws` says which instructions a defect was planted with, first and one behind the last, counted without the data of
 * pushes: for who trains a model or explains a verdict.
 */
export type Contract = { bytecode: Uint8Array; flaws: Flaw[] };
export type Flaw = { defect: Defect; from: number; to: number };

/**
 * One contract with exactly these defects: a dispatcher, three to about nine functions in an order of their own, what
 * they share. Every family appears as often in contracts without its defect, done right.
 *
 * @param flawed - One flag for each of DEFECTS.
 * @returns At most MAX_INSTRUCTIONS instructions.
 */
export function drawContract(seed: Uint8Array, flawed: ArrayLike<number>): Contract {
  for (let attempt = 0; ; attempt++) {
    const random = randomFrom(childSeed(seed, `attempt ${attempt}`));
    const flaws: Flaw[] = [];
    const code = writeContract(random, flawed, FILLERS[Math.min(attempt, FILLERS.length - 1)]!, flaws);
    if (code.instructions <= MAX_INSTRUCTIONS) return { bytecode: link(code), flaws };
  }
}

function writeContract(random: Random, flawed: ArrayLike<number>, fillers: number, flaws: Flaw[]): Code {
  const code = startCode(random, GRAMMAR);
  const plans = planFunctions(random, flawed);
  const entries = plans.map(() => newPlace(code));
  emit(code, "start");
  if (random.below(2) === 0) emit(code, "refuseMoney");
  emit(code, "readSelector");
  for (const index of random.shuffle(plans.length)) {
    emitOp(code, "DUP1");
    emitConstant(
      code,
      Array.from({ length: 4 }, () => random.below(256)),
    );
    emitOp(code, "EQ");
    emitAddress(code, entries[index]!);
    emitOp(code, "JUMPI");
  }
  writeShared(code, "fallback");
  plans.forEach((plan, index) => {
    emitMark(code, entries[index]!);
    writeFunction(code, plan, fillers, flaws);
  });
  // A shared tail may use another one, so this runs until none is left over.
  const written = new Set(["fallback"]);
  for (;;) {
    const missing = [...code.shared.keys()].filter((name) => !written.has(name));
    if (missing.length === 0) return code;
    for (const index of random.shuffle(missing.length)) {
      const from = code.instructions;
      writeShared(code, missing[index]!);
      if (missing[index]!.startsWith("raw"))
        flaws.push({ defect: "unchecked-arithmetic", from, to: code.instructions });
      written.add(missing[index]!);
    }
  }
}

function writeShared(code: Code, name: string): void {
  emitMark(code, code.shared.get(name)!);
  emit(code, name);
}

/** How often each family appears does not depend on whether it is flawed, but that a flaw needs one appearance. */
function planFunctions(random: Random, flawed: ArrayLike<number>): Plan[] {
  const alone: Plan[] = [];
  const parts: Part[] = [];
  DEFECTS.forEach((defect, k) => {
    const times = Math.max(flawed[k]! ? 1 : 0, [0, 1, 1, 1, 1, 1, 1, 1, 2, 2][random.below(10)]!);
    const wrong = flawed[k] ? random.below(times) : -1;
    for (let i = 0; i < times; i++) {
      const part = { defect, flawed: i === wrong };
      if (ALONE.has(defect)) alone.push([part]);
      else parts.push(part);
    }
  });
  const shared: Part[][] = Array.from({ length: 2 + random.below(3) }, () => []);
  for (const part of parts) shared[random.below(shared.length)]!.push(part);
  const plans = [...alone, ...shared];
  return random.shuffle(plans.length).map((index) => plans[index]!);
}

/** A rule to write down, and the defect that it plants. */
type Statement = { rule: string; defect?: Defect };

function writeFunction(code: Code, plan: Plan, fillers: number, flaws: Flaw[]): void {
  const { random } = code;
  const [first] = plan;
  const statements =
    first?.defect === "reentrancy"
      ? aroundCall(random, first.flawed, fillers)
      : first?.defect === "unprotected-selfdestruct"
        ? ending(random, first.flawed, fillers)
        : mixed(random, plan, fillers);
  writeStatements(code, statements, flaws);
}

/** State is written before anybody is called; everything else goes where it likes. */
function mixed(random: Random, plan: Plan, fillers: number): Statement[] {
  const before = free(random, fillers);
  const after = random.below(2) === 0 ? free(random, fillers) : [];
  for (let i = random.below(fillers + 1); i > 0; i--) before.push({ rule: "write" });
  if (random.below(6) === 0) before.push({ rule: "ownerCheck" });
  for (const { defect, flawed } of plan) {
    const { family, isCall } = PLANTED[defect]!;
    const statement = flawed ? { rule: `${family}Flawed`, defect } : { rule: `${family}Sound` };
    const place = (isCall ?? random.below(2) === 0) ? after : before;
    place.push(statement);
  }
  return [...shuffled(random, before), ...shuffled(random, after), { rule: "end" }];
}

/** Rules of the families that share functions. `isCall` undefined: it may stand before or after the writes. */
const PLANTED: Partial<Record<Defect, { family: string; isCall: boolean | undefined }>> = {
  "unchecked-arithmetic": { family: "arithmetic", isCall: false },
  "origin-authorisation": { family: "origin", isCall: undefined },
  "delegatecall-to-caller": { family: "delegate", isCall: true },
  "unchecked-call": { family: "call", isCall: true },
  "block-randomness": { family: "random", isCall: undefined },
};

/** A call to the outside and a change of state: the wrong way round, the right way round, or behind a lock. */
function aroundCall(random: Random, isFlawed: boolean, fillers: number): Statement[] {
  const padding = () => free(random, fillers);
  const write = (): Statement => ({ rule: random.below(3) === 0 ? "arithmeticSound" : "write" });
  const perhaps = () => (random.below(2) === 0 ? [write()] : []);
  const [call, end] = [{ rule: "callSound" }, { rule: "end" }];
  if (isFlawed) {
    const late: Statement = { ...write(), defect: "reentrancy" };
    return [...shuffled(random, [...padding(), ...perhaps()]), call, ...padding(), late, ...padding(), end];
  }
  const lock = ["lock", "briefLock", undefined, undefined][random.below(4)];
  if (lock === undefined) return [...padding(), write(), ...padding(), ...perhaps(), call, ...padding(), end];
  const unlock = lock === "lock" ? "unlock" : "briefUnlock";
  const inside = [...padding(), call, ...padding(), write(), ...padding()];
  return [...padding(), { rule: lock }, ...inside, { rule: unlock }, end];
}

function ending(random: Random, isFlawed: boolean, fillers: number): Statement[] {
  const before = shuffled(random, [
    ...free(random, fillers),
    ...(random.below(2) === 0 ? [{ rule: "write" }] : []),
  ]);
  const at = random.below(before.length + 1);
  const check = isFlawed ? [] : [{ rule: "ownerCheck" }];
  const destroy: Statement = isFlawed
    ? { rule: "destroy", defect: "unprotected-selfdestruct" }
    : { rule: "destroy" };
  return [...before.slice(0, at), ...check, ...before.slice(at), destroy];
}

function free(random: Random, fillers: number): Statement[] {
  return Array.from({ length: random.below(fillers + 1) }, () => ({
    rule: HARMLESS[random.below(HARMLESS.length)]!,
  }));
}

/** Now and then a value lies on the stack below some statements, and is dropped after them. */
function writeStatements(code: Code, statements: readonly Statement[], flaws: Flaw[]): void {
  const { random } = code;
  const last = statements.length - 1;
  const pushAt = random.below(3) === 0 ? random.below(statements.length) : -1;
  const popAt = pushAt < 0 ? -1 : pushAt + random.below(last - pushAt + 1);
  statements.forEach(({ rule, defect }, i) => {
    if (i === pushAt) emit(code, "leaf");
    if (i === popAt) emitOp(code, "POP");
    const from = code.instructions;
    emit(code, rule);
    if (defect) flaws.push({ defect, from, to: code.instructions });
  });
}

function shuffled<T>(random: Random, values: readonly T[]): T[] {
  return random.shuffle(values.length).map((index) => values[index]!);
}
