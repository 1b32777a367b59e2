/* What `subforge create` writes beside the template and its models. */

const INDENT = 2;

export function packageFile(name: string, dependencies: Record<string, string>): string {
  return toJson({
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: {
      test: "node --test",
      check: "subforge task check",
      dev: "subforge dev",
      attack: "subforge sim attack -t .",
    },
    dependencies,
    devDependencies: { typescript: ">=5.8" },
    engines: { node: ">=20.19" },
  });
}

export function tsConfig(): string {
  return toJson({
    compilerOptions: {
      target: "ES2023",
      lib: ["ES2023"],
      module: "NodeNext",
      moduleResolution: "NodeNext",
      strict: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
    },
    include: ["template"],
  });
}

export function gitIgnore(): string {
  return "node_modules/\n.subforge/\n";
}

/** For `subforge sim run`: a field of graded skill, and three validators. */
export function scenarioFile(name: string): string {
  return toJson({
    name: `${name} competition`,
    epochs: 24,
    runs: 1,
    seed: "1",
    miners: [{ name: "honest", count: 8, skill: { from: 0.4, to: 0.95 } }],
    validators: [{ name: "validators", count: 3, stake: 1 }],
  });
}

/** Runs under Node itself: nothing to install for it but subforge. */
export function testFile(name: string): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFolder, playFolder } from "subforge/testing";

const folder = new URL("..", import.meta.url);

test("${name} keeps what every template keeps", async () => {
  const findings = await checkFolder(folder, { garbage: 200, repeats: 20 });
  const broken = findings.filter(({ ok }) => !ok).map(({ code, facts }) => \`\${code} \${facts}\`);
  assert.deepEqual(broken, []);
});

test("its best model is paid, and at least as much as any other", async () => {
  const { miners } = await playFolder(folder, { epochs: 2 });
  const [best, ...others] = miners;
  assert.ok(best.share > 0, \`\${best.name} gets nothing: \${best.reason}\`);
  for (const { name, share } of others) assert.ok(share <= best.share, \`\${name} gets more than \${best.name}\`);
});
`;
}

export function readme(name: string, template: string): string {
  return `# ${name}

A subnet, made from the template \`${template}\`. What is paid for stands in \`template/\`: change it there.

| | |
|---|---|
| \`template/index.ts\` | what is asked, what an answer is worth, who is paid: pure functions |
| \`models/\` | models of honest miners, best first in \`models.json\`; the simulator and \`dev\` run them |
| \`scenarios/\` | who takes part in a simulation |
| \`test/\` | what must stay true; \`npm test\` |

## Roles

- A **validator** draws questions from a beacon and its secret, asks every miner, scores the answers, and sets weights.
- A **miner** answers with its model. Its pay is its share of the weights.
- The **owner** registers the subnet and decides what \`template/\` pays for.

## Messages

Each entry of \`synapses\` in \`template/index.ts\` is one kind of question: \`createRequest\` makes it, \`parseRequest\` is the
miner's look at it, \`answer\` the miner's work, \`parseResponse\` the validator's look at the answer. Tensors travel as they are.

## Run it

\`\`\`sh
npx subforge task check        # what every template keeps, with a code for each finding
npx subforge task run          # epochs in memory: what each model would get
npx subforge dev               # a chain, Redis, miners and a validator here; template/ is loaded again when a file is saved
npx subforge sim attack -t .   # which behaviour out-earns honest work
npx subforge sim run -t . --scenario scenarios/competition.json
npm install && npm test
\`\`\`

A miner serves it with \`npx subforge miner serve -t . --model models/FILE.onnx\`, a validator with
\`npx subforge validator run -t .\`; workers on other machines need this folder too.
`;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, INDENT)}\n`;
}
