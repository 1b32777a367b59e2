import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../shared/process-entry.ts";
import { catalogueMarkdown } from "./error-catalogue.ts";
import { withTables } from "./miner/page-tables.ts";
import { withMetricTables } from "./validator/metric-tables.ts";
import { withValidatorTables } from "./validator/page-tables.ts";

/* npm run docs: the pages, and parts of pages, that are made from sources. */
writeFileSync(join(packageRoot(), "docs", "errors.md"), catalogueMarkdown());
const miner = join(packageRoot(), "docs", "miner.md");
writeFileSync(miner, withTables(readFileSync(miner, "utf8")));
const validator = join(packageRoot(), "docs", "validator.md");
writeFileSync(validator, withValidatorTables(readFileSync(validator, "utf8")));
const metrics = join(packageRoot(), "docs", "metrics.md");
writeFileSync(metrics, withMetricTables(readFileSync(metrics, "utf8")));
