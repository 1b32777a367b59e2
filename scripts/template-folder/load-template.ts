import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SubforgeError } from "../../shared/errors.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { checkShape } from "../../simulator/template-checks/plan-checks.ts";
import { loadSubnet, SUBNET_NAMES } from "../../subnets/registry.ts";
import { compileTemplate } from "./compile-template.ts";
import { isTemplatePath } from "./template-path.ts";

/** Where a template that does not ship with subforge came from. */
export type TemplateOrigin = {
  /** Its folder, absolute: models lie in `models/` there. */
  folder: string;
  /** What was compiled from it: other processes import this file. */
  file: string;
  /** Digest of its code. */
  code: string;
};

const origins = new WeakMap<object, TemplateOrigin>();

/** Undefined for a template that ships with subforge. */
export function originOf(template: SubnetTemplate): TemplateOrigin | undefined {
  return origins.get(template);
}

/** What `listModels` takes for the models of this template. */
export function modelsOf(template: SubnetTemplate): string {
  return originOf(template)?.folder ?? template.id;
}

/**
 * The template a person names: one that ships with subforge, the folder of one's own, or what was compiled from such
 * a folder.
 *
 * @throws SubforgeError SUBNET_UNKNOWN, TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX, TEMPLATE_INVALID
 */
export async function loadTemplate(name: string): Promise<SubnetTemplate> {
  if (name.endsWith(".mjs")) return loadCompiled(resolve(name));
  if (!isTemplatePath(name)) return loadSubnet(name);
  return loadCompiled((await compileTemplate(name)).file);
}

/** Templates of one's own by id, for processes that are told the id alone; else those that ship with subforge. */
export async function loadTemplates(
  paths: readonly string[],
): Promise<(id: string) => Promise<SubnetTemplate>> {
  const own = await Promise.all(paths.filter(isOwn).map(loadTemplate));
  return async (id) => own.find((template) => template.id === id) ?? loadSubnet(id);
}

/** @param file - `<folder>/.subforge/build/<digest>.mjs`. The same file gives the same object. */
async function loadCompiled(file: string): Promise<SubnetTemplate> {
  const folder = resolve(dirname(file), "..", "..");
  const invalid = (problem: string, cause?: unknown) =>
    new SubforgeError("TEMPLATE_INVALID", { path: folder, problem }, { cause });
  const module = (await import(pathToFileURL(file).href).catch((error: unknown) => {
    throw invalid(`its code ends with ${String(error)}`, error);
  })) as { default?: SubnetTemplate };
  const template = module.default;
  if (typeof template !== "object" || template === null) {
    throw invalid("template/index.ts has no default export that is a template");
  }
  try {
    checkShape(template);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
  if (SUBNET_NAMES.includes(template.id)) {
    throw invalid(`${template.id} is the id of a template that ships with subforge: give it one of its own`);
  }
  origins.set(template, { folder, file, code: basename(file, ".mjs") });
  return template;
}

function isOwn(path: string): boolean {
  return path.endsWith(".mjs") || isTemplatePath(path);
}
