// Shapes, written down as shared between what is wanted and what came.

/** A shape: a type's name, a list of one shape, an object of shapes, or alternatives. */
export type Shape =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "null"
  | readonly [Shape]
  | { readonly [name: string]: Shape }
  | OneOf
  | RegExp;

export class OneOf {
  constructor(readonly shapes: readonly Shape[]) {}
}

/** One of these; `optional` too if it may be absent. */
export function oneOf(...shapes: Shape[]): OneOf {
  return new OneOf(shapes);
}

/** Where a value differs from a shape: paths with why. More members than wanted are none. */
export function differences(shape: Shape, value: unknown, path = "$"): string[] {
  if (shape instanceof OneOf) {
    const all = shape.shapes.map((one) => differences(one, value, path));
    return all.some((found) => found.length === 0) ? [] : all.flat();
  }
  if (shape instanceof RegExp) {
    return typeof value === "string" && shape.test(value) ? [] : [`${path}: not ${shape}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    const [row] = shape as readonly [Shape];
    return value.flatMap((one, at) => differences(row, one, `${path}[${at}]`));
  }
  if (typeof shape === "object") {
    if (typeof value !== "object" || value === null) return [`${path}: no object`];
    return Object.entries(shape).flatMap(([name, inner]) =>
      name in value
        ? differences(inner, (value as Record<string, unknown>)[name], `${path}.${name}`)
        : [`${path}.${name}: absent`],
    );
  }
  return isOf(shape as string, value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${shape}`];
}

function isOf(name: string, value: unknown): boolean {
  if (name === "null") return value === null;
  if (name === "integer") return Number.isInteger(value);
  return typeof value === name;
}
