import type { Json } from "./types.ts";

/**
 * Type of a field as its Python class declares it. It decides how a value is hashed: `2` of a float field is `2.0`.
 * `json` is for fields without a type; whole numbers without a point are ints there.
 */
export type V10Type =
  | "str"
  | "int"
  | "float"
  | "bool"
  | "tensor"
  | "json"
  | { list: V10Type }
  | { dict: V10Type };

export type V10Field = {
  type: V10Type;
  /** Leave it out for a field that Python requires. `null` stands for Optional. A required tensor cannot be called. */
  default?: Json;
  /** Filled in by the miner. */
  output?: true;
};

/**
 * How Python peers of SDK 7 to 10 call a synapse: the class that both sides of such a subnet share. Fields have the
 * names that they have in the message.
 */
export type V10Synapse = {
  /** The class name: path and `name` header. */
  name: string;
  /** The class's own fields in its order. An output must have a default. */
  fields: Readonly<Record<string, V10Field>>;
  /**
   * `required_hash_fields` in the order of the class: only these are signed. Fields above, and `name` and `timeout`.
   * Name every input, or whoever sits on the line may change what is asked.
   */
  requiredHashFields: readonly string[];
};
