import type { Random } from "../../shared/rules/beacon.ts";
import { flipped, pick } from "./mutate.ts";
import type { PlainRequest } from "./signed-requests.ts";

type PartMutation = (request: PlainRequest, other: PlainRequest, random: Random) => PlainRequest;
type ByteMutation = (bytes: Buffer, other: Buffer, random: Random) => Buffer;

const STRANGE = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "+5",
    "1e3",
    "0x10",
    "99999999999999999999",
    "NaN",
    "null",
    "*",
    "/",
    "a".repeat(9_000),
  ],
  ...["chunked", "identity", "gzip", "keep-alive", "1, 1", "5\t", "\u00ff", "%0d%0a", "__proto__", "//Alice"],
] as const;

const TARGETS = [
  ...[
    "/",
    "*",
    "/hello/ask/",
    "/hello//ask",
    "/hello/%61sk",
    "/hello/../hello/ask",
    "/hello/ask?x=1",
    "/hello/ask#x",
  ],
  ...[
    "http://127.0.0.1/hello/ask",
    "//127.0.0.1/hello/ask",
    "/v2/models/default/infer",
    "/v2/models/%00/infer",
  ],
  ...[
    "/v2/models/default",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/metrics",
    "/Synapse",
    "/HelloAsk",
  ],
  ...["/__proto__", "/hello/constructor", `/${"a".repeat(9_000)}`, "hello/ask", "127.0.0.1:443"],
] as const;

const METHODS = "GET PUT DELETE HEAD OPTIONS PATCH TRACE CONNECT post PROPFIND PRI".split(" ");

/** What a proxy and a server may read differently: where a request ends, and which header counts. */
const SMUGGLED = [
  ["transfer-encoding", "chunked"],
  ["transfer-encoding", "Chunked"],
  ["transfer-encoding", "identity, chunked"],
  ["transfer-encoding", "x"],
  ["transfer-encoding\t", "chunked"],
  ["transfer-encoding ", "chunked"],
  [" content-length", "0"],
  ["content-length", "0"],
  ["content-length", "+5"],
  ["content-length", "5, 5"],
  ["content-length", "0x5"],
  ["content_length", "0"],
  ["content-encoding", "gzip"],
  ["expect", "100-continue"],
  ["upgrade", "h2c"],
  ["connection", "upgrade, content-length"],
  ["x-forwarded-for", "10.0.0.1"],
  ["trailer", "content-length"],
  ["x-http-method-override", "GET"],
  ["inference-header-content-length", "4294967296"],
] as const;

const PARTS: readonly PartMutation[] = [
  (request, _, random) => withHeader(request, pick(SMUGGLED, random), random),
  (request, _, random) => withHeader(request, pick(request.headers, random), random), // twice
  (request, other, random) => withHeader(request, pick(other.headers, random), random), // two conventions at once
  (request, _, random) => changedHeader(request, random, ([name]) => [name, pick(STRANGE, random)]),
  (request, _, random) =>
    changedHeader(request, random, ([name, value]) => [
      name,
      flipped(Buffer.from(value), random).toString("latin1"),
    ]),
  (request, _, random) => changedHeader(request, random, ([name, value]) => [name, ` ${value}\t`]),
  (request, _, random) => changedHeader(request, random, ([name, value]) => [name.toUpperCase(), value]),
  (request, _, random) => changedHeader(request, random, ([name, value]) => [name, value.toUpperCase()]),
  (request, _, random) => changedHeader(request, random, () => undefined),
  (request, other, random) =>
    changedHeader(request, random, ([name, value]) => {
      return [name, other.headers.find(([known]) => known === name)?.[1] ?? value];
    }),
  (request, _, random) => ({ ...request, target: pick(TARGETS, random) }),
  (request, other) => ({ ...request, target: other.target }),
  (request, _, random) => ({ ...request, method: pick(METHODS, random) }),
  (request, other) => fitted({ ...request, body: other.body }),
  (request, _, random) => fitted({ ...request, body: flipped(request.body, random) }),
  (request, _, random) => fitted({ ...request, body: request.body.subarray(random.below(8)) }),
  (request, _, random) => ({ ...request, body: flipped(request.body, random) }),
  (request, other, random) => ({
    ...request,
    headers: [...request.headers].reverse().slice(random.below(2)),
    body: other.body,
  }),
  (request, _, random) => ({
    ...request,
    headers: [
      ...request.headers,
      ...Array.from({ length: random.below(300) }, (_, i): [string, string] => [`x-${i}`, "1"]),
    ],
  }),
];

const BYTES: readonly ByteMutation[] = [
  (bytes, _, random) => flipped(bytes, random),
  (bytes, _, random) => flipped(bytes, random),
  (bytes, _, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, other) => Buffer.concat([bytes, other]), // pipelined
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes, other, random) => Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other]),
  (bytes) => Buffer.from(bytes.toString("latin1").replace(/\r\n/g, "\n"), "latin1"),
  (bytes) => Buffer.from(bytes.toString("latin1").replace("\r\n", "\r\n folded: 1\r\n"), "latin1"),
  (bytes) => Buffer.from(bytes.toString("latin1").replace("HTTP/1.1", "HTTP/1.0"), "latin1"),
  (bytes) => Buffer.from(bytes.toString("latin1").replace("HTTP/1.1", "HTTP/2.0"), "latin1"),
  (bytes, _, random) => {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), pick(INSERTED, random), bytes.subarray(at)]);
  },
];

const INSERTED = [
  ...[
    "\r\n",
    "\0",
    "\r",
    "\r\n\r\n",
    ":",
    " ",
    "0\r\n\r\n",
    "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n",
  ].map((text) => Buffer.from(text)),
  Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), // somebody speaks TLS
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
];

/** The request as bytes, in most cases broken in one to three places. */
export function mutateRequest(golden: PlainRequest, other: PlainRequest, random: Random): Buffer {
  if (random.below(12) === 0) return toBytes(golden);
  let request = golden;
  for (let times = random.below(3); times > 0; times -= 1)
    request = pick(PARTS, random)(request, other, random);
  const bytes = toBytes(request);
  return request !== golden && random.below(2) === 0
    ? bytes
    : pick(BYTES, random)(bytes, toBytes(other), random);
}

export function toBytes({ method, target, headers, body }: PlainRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, "latin1"), body]);
}

function withHeader(
  request: PlainRequest,
  [name, value]: readonly [string, string],
  random: Random,
): PlainRequest {
  const at = random.below(request.headers.length + 1);
  const headers: PlainRequest["headers"] = [...request.headers];
  headers.splice(at, 0, [name, value]);
  return { ...request, headers };
}

function changedHeader(
  request: PlainRequest,
  random: Random,
  change: (header: [string, string]) => [string, string] | undefined,
): PlainRequest {
  const at = random.below(request.headers.length);
  return {
    ...request,
    headers: request.headers.flatMap((header, i) =>
      i === at ? [change(header) ?? []].filter(isHeader) : [header],
    ),
  };
}

function isHeader(value: [string, string] | never[]): value is [string, string] {
  return value.length === 2;
}

/** With a length that is right again: what is wrong shall be found by the signature alone. */
function fitted(request: PlainRequest): PlainRequest {
  const headers = request.headers.map(([name, value]): [string, string] =>
    name === "content-length" ? [name, String(request.body.length)] : [name, value],
  );
  return { ...request, headers };
}
