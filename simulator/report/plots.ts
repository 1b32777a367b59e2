import { describeBreakEven } from "../analysis/break-even.ts";
import { mean } from "../analysis/distribution.ts";
import { epochsThere, seriesOf } from "../analysis/tally.ts";
import type { NeuronFacts, RunRecord, Simulated } from "../records.ts";
import { type Bar, barPlot } from "./bar-plot.ts";
import { type BoxRow, boxPlot } from "./box-plot.ts";
import { percent, plain, roundPercent } from "./format-number.ts";
import { heatMap } from "./heat-map.ts";
import { type Curve, linePlot } from "./line-plot.ts";
import type { Report } from "./report.ts";
import { type Layer, stackedArea } from "./stacked-area.ts";
import { perCostText } from "./tables.ts";

/** More points than these are closer together than a line is wide. */
const MAX_PLACES = 240;
/** Members are drawn one by one up to so many miners. */
const MAX_LAYERS = 48;

export type Plot = {
  /** Of its file, without an ending. */
  name: string;
  /** In one sentence, how to read it. */
  caption: string;
  /** An SVG element, without a style. */
  svg: string;
};

/** Every plot that a report has something to show in, in the order people look at them. */
export function plotsOf(report: Report): Plot[] {
  const { simulated } = report;
  return [
    incentivePlot(simulated),
    ...attackPlots(report),
    ...sweepPlots(report),
    scorePlot(simulated),
    weightPlot(simulated),
    dividendPlot(simulated),
    bondPlot(simulated),
  ];
}

function incentivePlot({ scenario, runs }: Simulated): Plot {
  const { neurons } = runs[0]!;
  const miners = neurons.filter(({ role }) => role === "miner");
  const single = miners.length <= MAX_LAYERS;
  const members = single
    ? miners.map(({ name, group }) => ({ name, group, is: (facts: NeuronFacts) => facts.name === name }))
    : scenario.miners.map(({ name }) => ({
        name,
        group: name,
        is: (facts: NeuronFacts) => facts.group === name,
      }));
  const groups = scenario.miners.map(({ name }) => name);
  const places = placesOf(scenario.epochs);
  const layers = members.map(({ name, group, is }): Layer => {
    const isMember = (facts: NeuronFacts) => facts.role === "miner" && is(facts);
    return { name, series: groups.indexOf(group), values: meanSeries(runs, "incentive", isMember, places) };
  });
  const title = "Incentive over time";
  const describe = "share of all incentive that each group of miners has in each epoch";
  return {
    name: "incentive",
    caption: `Each band is ${single ? "a miner, coloured by its group" : "a group of miners"}; its height is its share of the miners' pay${runs.length > 1 ? ", mean over the runs" : ""}. Empty space on top: that much was not paid.`,
    svg: stackedArea(
      {
        ...{ title, describe, height: 260, xLabel: "epoch", yLabel: "share of incentive" },
        legend: groups.map((name, series) => ({ name, series })),
      },
      places.map(({ epoch }) => epoch),
      layers,
    ),
  };
}

function attackPlots({ attacks, breakEvens = [] }: Report): Plot[] {
  const all = [...breakEvens, ...(attacks?.rows ?? []).flatMap((row) => row.breakEven ?? [])];
  const bars = (attacks?.rows ?? []).map(
    ({ name, describe, perCost, honestPerCost, verdict }): Bar => ({
      ...{
        name,
        honest: honestPerCost,
        value: perCost ?? (verdict === "fail" ? Number.MAX_VALUE : 0),
        bad: verdict === "fail",
      },
      text: perCostText({ perCost, verdict }),
      note: `${name}: ${describe}. ${plain(perCost)} per unit of cost, honest work ${plain(honestPerCost)}`,
    }),
  );
  const table: Plot[] =
    bars.length === 0
      ? []
      : [
          {
            name: "attacks",
            caption:
              "What an attack earns for each unit it spends, where honest miners earn 1. The line across a bar is what honest work of the same skill and budget earns; a bar in the warning colour earns more.",
            svg: barPlot(
              {
                title: "Attacks against honest work",
                describe: "earned per unit of cost by each attack",
                xLabel: "earned per unit of cost (honest work = 1)",
              },
              bars,
              { value: 1, text: "honest work" },
            ),
          },
        ];
  const searches = all.map((found, i): Plot => {
    const { dial, points } = found;
    return {
      name: `break-even-${i + 1}`,
      caption: `${describeBreakEven(found)}. Above the dashed line the attack earns more than the same budget as honest work.`,
      svg: linePlot({
        frame: {
          title: `Attack profit against ${dial}`,
          describe: describeBreakEven(found),
          ...{ height: 220, xLabel: dial, yLabel: "profit beyond honest work" },
        },
        curves: [
          {
            ...{ name: dial, series: 0, dots: true },
            points: points.map(({ value, advantage, pays }) => ({
              ...{ x: value, y: advantage, bad: pays },
              note: `${dial} = ${plain(value)}: ${percent(advantage)} of an epoch's emission${pays ? ", pays" : ""}`,
            })),
          },
        ],
        ...{ mark: { y: 0, text: "honest work" }, tint: true },
        x: { format: plain },
        y: { format: roundPercent },
      }),
    };
  });
  return [...table, ...searches];
}

/** One plot per field that was varied over numbers. */
function sweepPlots({ sweep }: Report): Plot[] {
  if (!sweep) return [];
  return sweep.paths.flatMap((path, i): Plot[] => {
    const points = sweep.points.flatMap(({ values, summary }) => {
      const x = values[path];
      return typeof x === "number" ? [{ x, summary }] : [];
    });
    if (points.length < 2) return [];
    points.sort((a, b) => a.x - b.x);
    const groups = points[0]!.summary.miners.map(({ name }) => name);
    const isLine = sweep.paths.length === 1;
    const curves = groups.map((name, series): Curve => {
      const of = points.flatMap(({ x, summary }) => {
        const share = summary.miners.find((group) => group.name === name)?.share;
        if (!share) return [];
        const note = `${name}, ${path} = ${plain(x)}: ${percent(share.mean)}`;
        return [{ x, y: share.mean, note, ...(isLine ? { low: share.low, high: share.high } : {}) }];
      });
      return { name, series, points: of, dots: true };
    });
    return [
      {
        name: `sweep-${i + 1}`,
        caption: `Share of all incentive of each group, for each value of ${path} that was played.`,
        svg: linePlot({
          frame: {
            title: `Incentive against ${path}`,
            describe: "share of incentive of each group",
            ...{ height: 240, xLabel: path, yLabel: "share of incentive" },
            legend: groups.map((name, series) => ({ name, series })),
          },
          curves,
          includes: [0],
          x: { format: plain },
          y: { format: roundPercent },
        }),
      },
    ];
  });
}

function scorePlot({ scenario, runs }: Simulated): Plot {
  const rows = scenario.miners.map(({ name }, series): BoxRow => {
    const values: number[] = [];
    const sums = new Map<string, { total: number; epochs: number }>();
    for (const record of runs) {
      record.neurons.forEach((facts, neuron) => {
        if (facts.role !== "miner" || facts.group !== name) return;
        const there = epochsThere(record, facts);
        const sum = sums.get(facts.name) ?? { total: 0, epochs: 0 };
        for (let epoch = facts.joinEpoch; epoch < facts.joinEpoch + there; epoch++) {
          const score = record.columns.raw[epoch * record.neurons.length + neuron]!;
          values.push(score);
          sum.total += score;
          sum.epochs++;
        }
        sums.set(facts.name, sum);
      });
    }
    const dots = [...sums].flatMap(([member, { total, epochs }]) =>
      epochs > 0 ? [{ name: member, value: total / epochs }] : [],
    );
    return { name, series, values, dots };
  });
  return {
    name: "scores",
    caption:
      "What the scorer said of each group in all epochs: box from the lower to the upper quarter with its median, whiskers from 5 % to 95 %, a dot for the mean of each miner.",
    svg: boxPlot(
      { title: "Distribution of scores", describe: "raw score by group", xLabel: "raw score" },
      rows.filter(({ values }) => values.length > 0),
    ),
  };
}

function weightPlot({ runs }: Simulated): Plot {
  return {
    name: "weights",
    caption: `What each validator gives each miner in the last epoch${ofFirst(runs)}. Rows of honest validators look alike; what stands out votes for its own. Shades grow as square roots, so that small weights show.`,
    svg: heatMap(
      {
        title: "Weight matrix",
        describe: "share of each validator's weight by miner",
        xLabel: "miner",
      },
      matrixOf(runs[0]!, "weights"),
      percent,
    ),
  };
}

function bondPlot({ runs }: Simulated): Plot {
  return {
    name: "bonds",
    caption: `What each validator holds in each miner after the last epoch${ofFirst(runs)}: dividends follow bonds.`,
    svg: heatMap(
      { title: "Bonds", describe: "bonds of each validator in each miner", xLabel: "miner" },
      matrixOf(runs[0]!, "bonds"),
    ),
  };
}

function dividendPlot({ scenario, runs }: Simulated): Plot {
  const places = placesOf(scenario.epochs);
  const groups = scenario.validators.map(({ name }) => name);
  const curves = groups.map((name, series): Curve => {
    const isMember = ({ role, group }: NeuronFacts) => role === "validator" && group === name;
    const stake = runs[0]!.neurons.filter(isMember).reduce((sum, facts) => sum + facts.stake, 0);
    const values = meanSeries(runs, "dividend", isMember, places);
    return {
      ...{ name, series },
      points: places.map(({ epoch }, at) => ({
        x: epoch,
        y: values[at]! / stake,
        note: `${name}, epoch ${epoch}: ${plain(values[at]! / stake)}`,
      })),
    };
  });
  return {
    name: "dividends",
    caption:
      "Dividends of a group of validators divided by its stake. Above the dashed line it earns more than its stake would say.",
    svg: linePlot({
      frame: {
        title: "Validator dividends",
        describe: "dividends per stake by group of validators",
        ...{ height: 200, xLabel: "epoch", yLabel: "dividends per stake" },
        legend: groups.map((name, series) => ({ name, series })),
      },
      curves,
      mark: { y: 1, text: "as its stake" },
      includes: [0, 1.5],
      x: { whole: true },
      y: { format: plain },
    }),
  };
}

function ofFirst(runs: readonly RunRecord[]): string {
  return runs.length > 1 ? " of the first run" : "";
}

function matrixOf(record: RunRecord, of: "weights" | "bonds") {
  const named = (role: string) =>
    record.neurons.filter((facts) => facts.role === role).map(({ name }) => name);
  return { rows: named("validator"), columns: named("miner"), values: record[of] };
}

/** Epochs from `epoch` up to `until`, drawn as their mean. */
type Place = { epoch: number; until: number };

function placesOf(epochs: number): Place[] {
  const step = Math.ceil(epochs / MAX_PLACES);
  return Array.from({ length: Math.ceil(epochs / step) }, (_, i) => ({
    epoch: i * step,
    until: Math.min(epochs, (i + 1) * step),
  }));
}

function meanSeries(
  runs: readonly RunRecord[],
  column: "incentive" | "dividend",
  isMember: (facts: NeuronFacts) => boolean,
  places: readonly Place[],
): number[] {
  const all = runs.map((record) => seriesOf(record, column, isMember));
  return places.map(({ epoch, until }) => mean(all.map((series) => mean(series.slice(epoch, until)))));
}
