import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../shared/process-entry.ts";
import { catalogueMarkdown } from "./error-catalogue.ts";

/* npm run docs: the pages that are made from sources. */
writeFileSync(join(packageRoot(), "docs", "errors.md"), catalogueMarkdown());
