import { afterEach, expect, test } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { GraphRunner } from "./graph-runner.ts";
import { doubler, slowModel } from "./onnx.test-kit.ts";
import { row } from "./pool.test-kit.ts";

const open: GraphRunner[] = [];
afterEach(() => Promise.all(open.splice(0).map((runner) => runner.close())));

function openRunner(options: ConstructorParameters<typeof GraphRunner>[0] = {}) {
  const runner = new GraphRunner(options, silentLogger);
  open.push(runner);
  return runner;
}

test("a graph runs in a process of its own, more than two graphs in turns", async () => {
  const runner = openRunner();
  const graphs = [doubler("rows"), doubler("n"), doubler(1)];
  const outputs = await Promise.all(graphs.map((graph, i) => runner.run(graph, row(i, 1))));
  expect(outputs.map(({ y }) => Array.from(y!.data as Float32Array))).toEqual([
    [0, 2],
    [2, 2],
    [4, 2],
  ]);
  await expect(runner.run(graphs[0]!, {})).rejects.toMatchObject({ code: "INFERENCE_INPUT" });
  const again = await runner.run(graphs[0]!, row(7, 8));
  expect(again.y!.data).toEqual(Float32Array.of(14, 16));
});

test("what is no graph, and what is too large, is refused", async () => {
  const runner = openRunner();
  await expect(runner.run(Uint8Array.of(1, 2, 3), {})).rejects.toMatchObject({ code: "MINER_MODEL_INVALID" });
  await expect(runner.run(new Uint8Array(2 ** 26 + 1), {})).rejects.toMatchObject({
    code: "INFERENCE_INPUT",
  });
});

test("a run ends with whoever waits for it, and with the runner", async () => {
  const runner = openRunner();
  const graph = slowModel(400, 512);
  const caller = new AbortController();
  const left = runner.run(graph, row(1, 1), caller.signal);
  caller.abort();
  await expect(left).rejects.toMatchObject({ code: "INFERENCE_DEADLINE" });
  const running = runner.run(graph, row(1, 1));
  const closed = expect(running).rejects.toMatchObject({ code: "INFERENCE_STOPPED" });
  await runner.close();
  await closed;
});
