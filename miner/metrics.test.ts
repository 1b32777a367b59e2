import { request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { serveMetrics } from "../shared/metrics/metrics-server.ts";
import { METRICS } from "./metric-table.ts";
import { MinerMetrics } from "./metrics.ts";

/** One look at the page, with headers of the test's choice. */
async function get(url: string, headers: Record<string, string> = {}, method = "GET") {
  return await new Promise<{ status: number; text: string }>((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

async function served() {
  const metrics = new MinerMetrics("1.2.3");
  const server = await serveMetrics({ metrics }, 0);
  onTestFinished(() => server.close());
  return { metrics, url: server.url };
}

describe("the metrics of a miner", () => {
  test("are counted once, under the names of the table, each with its help", async () => {
    const { metrics, url } = await served();
    metrics.requestAnswered({ route: "/hello/ask", protocol: "btauth/1", seconds: 0.02 });
    metrics.refused("BTAUTH_BAD_SIGNATURE", "btauth/1");
    metrics.refused("AXON_OVERLOADED");
    metrics.batch({ model: "default", rows: 8, waitSeconds: 0.001, runSeconds: 0.004 });
    const { status, text } = await get(url);
    expect(status).toBe(200);
    expect(text).toContain('sf_requests_total{outcome="answered",protocol="btauth/1"} 1\n');
    expect(text).toContain('sf_auth_fail_total{why="BTAUTH_BAD_SIGNATURE"} 1\n');
    expect(text).toContain('sf_shed_total{why="AXON_OVERLOADED"} 1\n');
    expect(text).toContain('sf_batch_rows_bucket{le="8",model="default"} 1\n');
    expect(text).toMatch(/sf_build_info\{version="1\.2\.3",node="v[^"]+"\} 1\n/);
    const described = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(([, name]) => name);
    expect(described.sort()).toEqual(Object.keys(METRICS).sort());
  });

  test("T41: no label can hold a hotkey or an address", () => {
    const labels = new Set(Object.values(METRICS).flatMap((spec) => [...spec.labels]));
    expect([...labels].sort()).toEqual(
      ["gpu", "kind", "model", "name", "node", "outcome", "phase", "protocol"].concat([
        "quantile",
        "reason",
        "route",
        "version",
        "why",
      ]),
    );
  });

  test("are given to this machine only, under its own name, and nothing else is there", async () => {
    const { url } = await served();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await get(url, { host: "evil.example" })).status).toBe(403);
    expect((await get(url.replace("/metrics", "/metrics/../"))).status).toBe(404);
    expect((await get(url, {}, "POST")).status).toBe(405);
  });

  test("are read at each scrape, and a reader that fails takes nothing with it", async () => {
    const { metrics, url } = await served();
    let asked = 0;
    metrics.onScrape(() => {
      throw new Error("the card is gone");
    });
    metrics.onScrape(() => {
      asked += 1;
      metrics.set("sf_waiting", asked, { model: "default" });
    });
    await get(url);
    expect((await get(url)).text).toContain('sf_waiting{model="default"} 2\n');
  });

  test("do not start on a port of somebody else", async () => {
    const { url, metrics } = await served();
    const start = serveMetrics({ metrics }, Number(new URL(url).port));
    await expect(start).rejects.toMatchObject({ code: "PORT_IN_USE" });
  });
});
