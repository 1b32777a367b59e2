import { payOf } from "./measures.ts";
import {
  honestForecaster,
  honestInferer,
  type Played,
  toLoss,
  type WorldForecaster,
  type WorldInferer,
} from "./world.ts";

/** Whom copiers copy. */
export const VICTIM = "inferer1";

/** Says what an inferer said the day before. */
export const staleCopier: WorldInferer = {
  id: "stale",
  registeredAt: 300,
  value: ({ yesterday }) => yesterday.get("inferer0"),
  expected: () => toLoss(1),
};

/** Say what the victim says. @param count - Besides the victim. */
export function clones(count: number): WorldInferer[] {
  const { expected } = honestInferer(1);
  return Array.from({ length: count }, (_, i) => ({
    id: `clone${i}`,
    registeredAt: 300 + i,
    value: ({ values }) => values.get(VICTIM),
    expected,
  }));
}

/** Of the victim and its clones. @param count - All of them. */
export function clonesPay(played: readonly Played[], count: number): number {
  const ids = [VICTIM, ...clones(count - 1).map(({ id }) => id)];
  return ids.reduce((sum, id) => sum + payOf(played, id), 0);
}

/** Has no idea. */
export function randomForecaster(at: number): WorldForecaster {
  return { ...honestForecaster(at), log10Loss: ({ noise }) => noise.normal() - 1 };
}

/** Says that one inferer is perfect. */
export function pushing(at: number, target: string): WorldForecaster {
  const honest = honestForecaster(at);
  return { ...honest, log10Loss: (day, of) => (of.id === target ? -8 : honest.log10Loss(day, of)) };
}
