import { SubforgeError } from "../shared/errors.ts";
import type { PublicPage, SignedRoute } from "./route.ts";

/** Exact paths, nothing decoded, nothing matched by pattern: what is signed is what is found. */
export class RouteTable {
  readonly #signed = new Map<string, SignedRoute>();
  readonly #pages = new Map<string, PublicPage>();

  /** @throws SubforgeError CONFIG_INVALID when two want the same path */
  constructor(routes: readonly SignedRoute[], pages: readonly PublicPage[]) {
    for (const route of routes) this.#add(this.#signed, route);
    for (const page of pages) this.#add(this.#pages, page);
  }

  /** @param target - As it came over the wire. */
  signed(method: string, target: string): SignedRoute | undefined {
    return this.#signed.get(`${method} ${pathOf(target)}`);
  }

  page(method: string, target: string): PublicPage | undefined {
    return method === "GET" ? this.#pages.get(`GET ${pathOf(target)}`) : undefined;
  }

  #add<Entry extends { method: string; path: string }>(entries: Map<string, Entry>, entry: Entry): void {
    const key = `${entry.method} ${entry.path}`;
    if (this.#signed.has(key) || this.#pages.has(key)) {
      throw new SubforgeError("CONFIG_INVALID", { what: "the miner's routes", problems: [`two for ${key}`] });
    }
    entries.set(key, entry);
  }
}

function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}
