/**
 * A value as Python has it after `json.loads`: a whole number without point and exponent is an int of any size, every
 * other number a float. An object keeps its order.
 */
export type PythonValue = null | boolean | bigint | number | string | PythonValue[] | PythonDict;

export type PythonDict = Map<string, PythonValue>;

export function isDict(value: PythonValue | undefined): value is PythonDict {
  return value instanceof Map;
}
