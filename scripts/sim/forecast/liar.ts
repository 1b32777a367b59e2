import type { Losses } from "../../../subnets/forecast/maths/types.ts";
import { average, overSeeds, percent, playWorlds } from "./measures.ts";
import type { WorldReputer } from "./world.ts";

const EPOCHS = 40;
const JUDGED_FROM = 20;
const STAKE = 0.2;

/** One of five reputers of equal stake reports losses that are higher by 1: for one worker, or for everybody. */
export async function measureLiar(whom: "one" | "all"): Promise<{ measured: string; pass: boolean }> {
  const lie = whom === "one" ? aboutOne : aboutAll;
  const [lied, told] = [play({ id: "liar", stake: STAKE, losses: lie }), play({ id: "liar", stake: STAKE })];
  const coefficients = lied.map(
    (played) => played[JUDGED_FROM]!.report.reputers.find(({ id }) => id === "liar")!.coefficient,
  );
  const error = overSeeds([lied, told], (with_, without) => {
    const differences = with_.map(({ report }, epoch) =>
      Math.abs(report.losses.inferers[0]! - without[epoch]!.report.losses.inferers[0]!),
    );
    return average(differences.slice(JUDGED_FROM));
  });
  const coefficient = Math.max(...coefficients);
  return {
    measured: `coefficient ${coefficient.toFixed(3)}, error ${percent(error)} of the lie`,
    pass: coefficient < 0.1 && error < 0.02,
  };
}

function play(liar: WorldReputer) {
  const honest = ["a", "b", "c", "d"].map((id): WorldReputer => ({ id, stake: STAKE }));
  return playWorlds({
    epochs: EPOCHS,
    config: { reputerWeighting: "listened" },
    reputers: [...honest, liar],
  });
}

function aboutOne(losses: Losses): Losses {
  return { ...losses, inferers: losses.inferers.with(0, losses.inferers[0]! + 1) };
}

function aboutAll(losses: Losses): Losses {
  const raised = (column: readonly number[]) => column.map((loss) => loss + 1);
  return {
    combined: losses.combined + 1,
    naive: losses.naive + 1,
    inferers: raised(losses.inferers),
    forecasters: raised(losses.forecasters),
    oneOutInferer: raised(losses.oneOutInferer),
    impliedWithout: losses.impliedWithout.map((row) => row.map((loss) => (loss === null ? null : loss + 1))),
    oneOutForecaster: raised(losses.oneOutForecaster),
    oneIn: raised(losses.oneIn),
  };
}
