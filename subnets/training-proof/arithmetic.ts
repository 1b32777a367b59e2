import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { MinerContext } from "../../shared/template.ts";
import { type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";
import type { TrainingJob } from "./job.ts";
import { keepLast } from "./keep-last.ts";
import { keyOf } from "./rows.ts";

export type State = Record<string, Tensor<"float32">>;

const f = Math.fround;
type Round = (value: number) => number;
function q(x: number, bits: number, clip: number): number {
  const s = 2 ** bits;
  const y = x * s;
  let r = Math.round(y);
  if (Math.abs(y - Math.trunc(y)) === 0.5) r = 2 * Math.round(y / 2);
  return Math.max(-clip, Math.min(clip, r / s));
}

export const initialState = keepLast(64, keyOf, (job: TrainingJob): State => {
  const { dims } = job;
  const state: State = {};
  const random = randomFrom(childSeed(new Uint8Array(Buffer.from(job.seed, "hex")), "init"));
  for (let l = 0; l + 1 < dims.length; l++) {
    const [a, b] = [dims[l]!, dims[l + 1]!];
    state[`W${l}`] = tensor(
      "float32",
      [a, b],
      Float32Array.from({ length: a * b }, () => q((2 * random.uniform() - 1) * Math.sqrt(6 / a), 16, 4)),
    );
    state[`b${l}`] = tensor("float32", [b], new Float32Array(b));
    state[`vW${l}`] = tensor("float32", [a, b], new Float32Array(a * b));
    state[`vb${l}`] = tensor("float32", [b], new Float32Array(b));
  }
  return state;
});

export async function runSteps(
  job: TrainingJob,
  state: State,
  feeds: Tensors,
  _runGraph?: MinerContext["runGraph"],
): Promise<{ state: State; losses: Float32Array }> {
  const g = job.mode === "grid";
  const [qa, qw, qz, qg, qv, qp] = [
    [6, 4],
    [6, 4],
    [6, 20],
    [15, 2 ** -6],
    [16, 8],
    [16, 4],
  ].map(
    ([b, c]) =>
      (x: number) =>
        g ? q(x, b!, c!) : x,
  ) as [Round, Round, Round, Round, Round, Round];
  const { dims, batch: B } = job;
  const L = dims.length - 1;
  const P: Record<string, Float32Array> = {};
  for (const [n, t] of Object.entries(state)) P[n] = Float32Array.from(t.data);
  const X = feeds.X!.data as Float32Array;
  const Y = feeds.Y!.data as Float32Array;
  const LR = feeds.LR!.data as Float32Array;
  const steps = LR.length;
  const losses = new Float32Array(steps);
  const C = dims[L]!;
  for (let s = 0; s < steps; s++) {
    const as: Float32Array[] = [X.slice(s * B * dims[0]!, (s + 1) * B * dims[0]!).map(qa)];
    const wq: Float32Array[] = [];
    let z = new Float32Array(0);
    const zs: Float32Array[] = [];
    for (let l = 0; l < L; l++) {
      const [m, n] = [dims[l]!, dims[l + 1]!];
      const w = P[`W${l}`]!.map(qw);
      wq.push(w);
      z = new Float32Array(B * n);
      for (let r = 0; r < B; r++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0; i < m; i++) sum = f(sum + f(as[l]![r * m + i]! * w[i * n + j]!));
          z[r * n + j] = f(sum + P[`b${l}`]![j]!);
        }
      zs.push(z);
      if (l < L - 1) as.push(z.map((v) => qa(Math.max(0, v))));
    }
    let d = new Float32Array(B * C);
    let loss = 0;
    for (let r = 0; r < B; r++) {
      let mx = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < C; j++) mx = Math.max(mx, z[r * C + j]!);
      const t = Array.from({ length: C }, (_, j) => qz(f(z[r * C + j]! - mx)) as number);
      const e = t.map((v) => f(Math.exp(v)));
      const sum = e.reduce((a, b) => f(a + b), 0);
      for (let j = 0; j < C; j++) {
        const y = Y[(s * B + r) * C + j]!;
        d[r * C + j] = qg(f(f(f(e[j]! / sum) - y) * f(1 / B)));
        if (y) loss -= t[j]! - Math.log(sum);
      }
    }
    losses[s] = loss / B;
    const grads: Record<string, Float32Array> = {};
    for (let l = L - 1; l >= 0; l--) {
      const [m, n] = [dims[l]!, dims[l + 1]!];
      const gw = new Float32Array(m * n);
      const gb = new Float32Array(n);
      for (let r = 0; r < B; r++)
        for (let j = 0; j < n; j++) {
          const dv = d[r * n + j]!;
          gb[j] = f(gb[j]! + dv);
          for (let i = 0; i < m; i++) gw[i * n + j] = f(gw[i * n + j]! + f(as[l]![r * m + i]! * dv));
        }
      grads[`W${l}`] = gw;
      grads[`b${l}`] = gb;
      if (l > 0) {
        const next = new Float32Array(B * m);
        for (let r = 0; r < B; r++)
          for (let i = 0; i < m; i++) {
            let sum = 0;
            for (let j = 0; j < n; j++) sum = f(sum + f(d[r * n + j]! * wq[l]![i * n + j]!));
            next[r * m + i] = zs[l - 1]![r * m + i]! > 0 ? qg(sum) : 0;
          }
        d = next;
      }
    }
    for (const [n, gr] of Object.entries(grads)) {
      const p = P[n]!;
      const v = P[`v${n}`]!;
      for (let i = 0; i < p.length; i++) {
        v[i] = qv(f(f(v[i]! * f(job.momentum)) + f(gr[i]! + f(p[i]! * f(job.weightDecay)))));
        p[i] = qp(f(p[i]! - f(v[i]! * LR[s]!)));
      }
    }
  }
  const next: State = {};
  for (const [n, t] of Object.entries(state))
    next[n] = tensor("float32", t.shape, P[n]! as Float32Array<ArrayBuffer>);
  return { state: next, losses };
}
