import type { Agent } from "../../shared/template.ts";

export const agents: readonly Agent[] = [];
