/**
 * Text that is the same for the same values and for no others: tensors by their bytes, maps by their entries in order,
 * numbers that JSON has no word for by name. For comparing, not for reading back.
 */
export function toComparable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (ArrayBuffer.isView(part)) {
      const { buffer, byteOffset, byteLength } = part;
      return `${part.constructor.name} ${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}`;
    }
    if (part instanceof Map) return { map: [...part] };
    if (typeof part === "bigint") return `${part}n`;
    if (typeof part === "number" && !(Number.isFinite(part) && !Object.is(part, -0))) {
      return Object.is(part, -0) ? "-0" : String(part);
    }
    return part;
  });
}
