export type { ValidatorEvent } from "./events.ts";
