import { playWorlds } from "./measures.ts";
import { honestInferer, inferersWith, type Played, type WorldInferer } from "./world.ts";

const FROM = 150;
const EPOCHS = 5;
/** By then it may not be paid. */
const UNTIL = FROM + 10;
const SCALE = 1_000;

/** One good worker answers a thousand times its value for some days: what consumers read, and what becomes of its pay. */
export async function measureOutlier(): Promise<{ measured: string; pass: boolean }> {
  const honest = honestInferer(0);
  const outlier: WorldInferer = {
    ...honest,
    value: (day) => {
      const isMad = day.epoch >= FROM && day.epoch < FROM + EPOCHS;
      return honest.value(day)! * (isMad ? SCALE : 1);
    },
  };
  const before = playWorlds();
  const during = playWorlds({
    inferers: inferersWith().map((each) => (each.id === outlier.id ? outlier : each)),
  });
  const moves = during.flatMap((played, world) =>
    played.slice(FROM, FROM + EPOCHS).map(({ open }, i) => {
      const { open: was } = before[world]![FROM + i]!;
      const values = was.inferers.map(({ value }) => value);
      const spread = Math.max(...values) - Math.min(...values);
      return Math.abs(open.outlierResistant - was.outlierResistant) / spread;
    }),
  );
  const paid = (epoch: number) => during.filter((played) => isPaid(played[epoch]!, outlier.id)).length;
  const move = Math.max(...moves);
  const [was, still] = [paid(FROM - 1), paid(UNTIL)];
  return {
    measured: `moves ${move.toFixed(2)} x the spread; paid in ${was} of ${during.length} worlds before, in ${still} after`,
    pass: move <= 2 && was > 0 && still === 0,
  };
}

function isPaid({ report }: Played, id: string): boolean {
  return report.inferers.some((worker) => worker.id === id && worker.eligible && worker.weight > 0);
}
