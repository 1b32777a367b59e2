/** What has no business in a model. The message goes to the operator, and names no more of the file than it must. */
export class ModelProblem extends Error {}

/** For a message on a terminal: what a stranger wrote, short and without control characters. */
export function printable(value: string): string {
  return JSON.stringify(value.slice(0, 80)).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, "?");
}

/** How many numbers a shape holds. @throws ModelProblem for negative sizes, or more than `most` */
export function countElements(shape: readonly number[], most: number, what: string): number {
  let elements = 1;
  // One by one: a zero among absurd sizes would hide them in the product.
  for (const size of shape) {
    if (size < 0) throw new ModelProblem(`${what} has a negative size: ${size}`);
    if (size > most) throw new ModelProblem(`${what} is absurdly large: ${size} along one dimension`);
    elements *= size;
  }
  if (elements > most) throw new ModelProblem(`${what} is absurdly large: ${shape.join(" × ")} elements`);
  return elements;
}
