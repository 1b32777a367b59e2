import { isSubforgeError } from "../../shared/errors.ts";
import type { Answer, Job, Message, SubnetTemplate, Synapse } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type CheckedTemplate, HONEST, type HonestEpoch } from "./checked-template.ts";
import { demand } from "./finding.ts";
import { toComparable } from "./to-comparable.ts";
import { watchPurity } from "./watch-purity.ts";

const ID = /^[a-z0-9-]{1,32}$/;
const TASK_ID = /^[a-z0-9-]{1,64}$/;
const MAX_VERSION = 64;
/** A queue carries it to every worker, for every job. */
const MAX_TASK_BYTES = 1_024;
/** A validator refuses to plan more. */
const MAX_JOBS = 256;
const MAX_TIMEOUT_MS = 10 * 60_000;
const FUNCTIONS = ["parseConfig", "initialState", "planEpoch", "scoreEpoch", "toWeights"] as const;
const OF_SYNAPSE = ["createRequest", "parseRequest", "answer", "parseResponse"] as const;

/** SF-T301. Works on anything: it is how code that nobody knows is looked at first. */
export function checkShape(template: SubnetTemplate, config?: unknown): string {
  const { id, version, synapses, agents } = template;
  demand(typeof id === "string" && ID.test(id), `id must be of [a-z0-9-], 1 to 32 of them, not ${shown(id)}`);
  demand(
    typeof version === "string" && version !== "" && version.length <= MAX_VERSION,
    `version must be a text of at most ${MAX_VERSION} characters, not ${shown(version)}`,
  );
  for (const name of FUNCTIONS) demand(typeof template[name] === "function", `${name} is no function`);
  demand(typeof synapses === "object" && synapses !== null, "synapses is no object");
  const names = Object.keys(synapses);
  demand(names.length > 0, "it has no synapse: nothing can be asked");
  for (const name of names) checkSynapse(name, synapses[name]!);
  demand(Array.isArray(agents), "agents is no list; an empty one is fine");
  for (const agent of agents) {
    const isWhole = typeof agent.name === "string" && typeof agent.answer === "function" && agent.cost > 0;
    demand(isWhole, `agent ${shown(agent.name)} needs a name, a cost above 0 and an answer function`);
  }
  try {
    template.parseConfig(config);
  } catch (error) {
    if (isSubforgeError(error)) throw error;
    demand(false, `parseConfig throws ${String(error)} instead of CONFIG_INVALID`);
  }
  return `${id} ${version}, synapses ${names.join(", ")}, ${agents.length} agents`;
}

/** SF-T302, over the jobs of all stages. */
export function checkPlan(subject: CheckedTemplate, { played, context }: HonestEpoch): string {
  const { template } = subject;
  const plan = () => template.planEpoch(context, template.initialState());
  const first = plan();
  demand(toComparable(plan()) === toComparable(first), "two plans of the same context differ");
  const jobs = played.transcripts.map(({ job }) => job);
  demand(jobs.length > 0, "it plans no job for three miners");
  demand(jobs.length <= MAX_JOBS, `it plans ${jobs.length} jobs; at most ${MAX_JOBS} are taken`);
  for (const { taskId, stage, synapse, to } of jobs) {
    demand(TASK_ID.test(taskId), `task id ${shown(taskId)} must be of [a-z0-9-], 1 to 64 of them`);
    demand(ID.test(stage), `stage ${shown(stage)} must be of [a-z0-9-], 1 to 32 of them`);
    const known = to === "source" ? (template.sources ?? {}) : template.synapses;
    demand(Object.hasOwn(known, synapse), `job ${taskId} names ${shown(synapse)}, which does not exist`);
    const strangers = to === "source" ? [] : to.filter((hotkey) => !HONEST.includes(hotkey));
    demand(strangers.length === 0, `job ${taskId} asks who is no miner: ${strangers[0]}`);
  }
  demand(new Set(jobs.map(({ taskId }) => taskId)).size === jobs.length, "two jobs have the same task id");
  return `${jobs.length} jobs in ${new Set(jobs.map(({ stage }) => stage)).size} stages`;
}

/** SF-T303. */
export function checkTasks({ template }: CheckedTemplate, { played }: HonestEpoch): string {
  let largest = 0;
  for (const { job } of played.transcripts) {
    const text = JSON.stringify(job.task);
    largest = Math.max(largest, Buffer.byteLength(text));
    demand(largest < MAX_TASK_BYTES, `task of ${job.taskId} has ${largest} bytes: put a seed there instead`);
    if (job.to === "source") continue;
    const { createRequest, maxRequestBytes } = template.synapses[job.synapse]!;
    const miner = job.to[0]!;
    const earlier = earlierOf(played.transcripts, job, miner);
    const asked = toComparable(createRequest(job.task, miner, earlier));
    demand(
      asked === toComparable(createRequest(JSON.parse(text), miner, earlier)),
      `the question of ${job.taskId} is another one when its task went through a queue`,
    );
    demand(maxRequestBytes > 0 && asked.length > 0, `maxRequestBytes of ${job.synapse} leaves no room`);
  }
  return `the largest task has ${largest} bytes`;
}

/** SF-T304. Looks at what the first stage asks. What is public by design only has to be new with each beacon. */
export function checkSecrecy(subject: CheckedTemplate, { context }: HonestEpoch): string {
  const { template } = subject;
  const questions = (change: object) =>
    template
      .planEpoch({ ...context, ...change }, template.initialState())
      .jobs.flatMap(({ to, synapse, task }) => {
        if (to === "source") return [];
        const { createRequest, isPublic = false } = template.synapses[synapse]!;
        return [{ text: toComparable(createRequest(task, to[0]!, new Map())), isPublic }];
      });
  const textOf = (asked: typeof before) => asked.map(({ text }) => text).join();
  const before = questions({});
  demand(textOf(before) === textOf(questions({})), "the same context asks different questions");
  for (const [what, change] of [
    ["secret", { secret: new Uint8Array(32) }],
    ["beacon", { beacon: new Uint8Array(32) }],
  ] as const) {
    const after = questions(change);
    const same = before.findIndex(
      ({ text, isPublic }, i) => text === after[i]?.text && !(isPublic && what === "secret"),
    );
    demand(same === -1, `question ${same + 1} stays the same when the ${what} is another one`);
  }
  const open = before.filter(({ isPublic }) => isPublic).length;
  if (open === before.length)
    return `${open} questions, public by design, each another one with another beacon`;
  return `${before.length - open} questions, each another one with another secret`;
}

/** SF-T305. */
export function checkUids(
  subject: CheckedTemplate,
  { context, transcripts, state, played }: HonestEpoch,
): string {
  const { template } = subject;
  const [validator, ...miners] = context.participants;
  const uids = miners.map(({ uid }) => uid);
  const turned = {
    ...context,
    participants: [validator!, ...miners.map((m, i) => ({ ...m, uid: uids.at(-1 - i)! }))],
  };
  const plan = (of: typeof context) => toComparable(template.planEpoch(of, template.initialState()));
  demand(plan(turned) === plan(context), "another order of uids gives another plan");
  const scored = template.scoreEpoch(turned, transcripts, state);
  const hotkeyOf = (of: typeof context) => new Map(of.participants.map(({ uid, hotkey }) => [uid, hotkey]));
  const pay = (weights: typeof played.weights, of: typeof context) =>
    weights
      .map(({ uid, weight }) => `${hotkeyOf(of).get(uid)} ${weight}`)
      .sort()
      .join();
  demand(
    pay(template.toWeights(scored.state, turned), turned) === pay(played.weights, context),
    "pay changes with the uids",
  );
  return "plan and pay are the same for turned uids";
}

/** SF-T306. */
export function checkPurity(subject: CheckedTemplate, { context, transcripts, state }: HonestEpoch): string {
  const { template } = subject;
  const given = [context, transcripts, state] as const;
  const before = toComparable(given);
  const { reached } = watchPurity(() => {
    template.planEpoch(context, state);
    const scored = template.scoreEpoch(context, transcripts, state);
    template.toWeights(scored.state, context);
    for (const { job } of transcripts) {
      if (job.to === "source") continue;
      const miner = job.to[0]!;
      template.synapses[job.synapse]!.createRequest(job.task, miner, earlierOf(transcripts, job, miner));
    }
  });
  demand(reached.length === 0, `it uses ${reached.join(", ")}: everything it may know is in its arguments`);
  demand(toComparable(given) === before, "it changes what it was handed: context, answers or state");
  return "no clock, no randomness, nothing changed";
}

/** What a miner answered in the stages before that of `job`. */
function earlierOf(
  transcripts: HonestEpoch["transcripts"],
  job: Job,
  miner: Hotkey,
): Map<string, Answer<Message>> {
  const earlier = new Map<string, Answer<Message>>();
  for (const { job: other, answers } of transcripts) {
    const answer = other.stage === job.stage ? undefined : answers.get(miner);
    if (answer) earlier.set(other.taskId, answer as Answer<Message>);
  }
  return earlier;
}

function checkSynapse(name: string, synapse: Synapse): void {
  demand(ID.test(name), `synapse ${shown(name)} must be of [a-z0-9-], 1 to 32 of them`);
  for (const each of OF_SYNAPSE) {
    demand(typeof synapse[each] === "function", `${each} of synapse ${name} is no function`);
  }
  for (const each of ["timeoutMs", "maxRequestBytes", "maxResponseBytes"] as const) {
    const isLimit = Number.isSafeInteger(synapse[each]) && synapse[each] > 0;
    demand(isLimit, `${each} of synapse ${name} must be a whole number above 0, not ${shown(synapse[each])}`);
  }
  demand(synapse.timeoutMs <= MAX_TIMEOUT_MS, `timeoutMs of synapse ${name} is above ten minutes`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 64);
}
