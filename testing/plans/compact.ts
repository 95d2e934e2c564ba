import { isDeepStrictEqual } from "node:util";

/** One resource as it is committed. */
export interface Told {
  readonly name: string;
  readonly type: string;
  readonly [more: string]: unknown;
}

/**
 * Whole the first of its kind; of each further one only what it is `like`, and what is otherwise (`but`), once both
 * name their clusters in the order in which they come. Nothing is lost: a path that is absent in one of them is told
 * as well.
 */
export function compact(resources: readonly Told[], clusters: readonly string[]): object[] {
  const first = new Map<string, Told>();
  return resources.map((resource) => {
    const kind = renamed(`${resource.name} ${resource.type}`, clusters);
    const like = first.get(kind);
    if (like === undefined) {
      first.set(kind, resource);
      return resource;
    }
    const but = otherwise(canonical(like, clusters), canonical(resource, clusters), resource);
    const { name, type } = resource;
    return { name, type, like: like.name, ...(Object.keys(but).length > 0 && { but }) };
  });
}

function canonical(resource: Told, clusters: readonly string[]): unknown {
  return JSON.parse(renamed(JSON.stringify(resource), clusters));
}

/** In place of a value that the first of its kind has and this one has not. */
const ABSENT = "(absent)";

/** By path: the values of `actual` that are not those of `expected`, as `text` has them. */
function otherwise(expected: unknown, actual: unknown, text: unknown, path = ""): Record<string, unknown> {
  if (isDeepStrictEqual(expected, actual)) return {};
  if (isRecord(expected) && isRecord(actual) && isRecord(text)) {
    // The keys of some maps are names of clusters.
    const given = Object.keys(text);
    const keys = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
    const parts = keys.map((key, at) =>
      otherwise(
        expected[key],
        actual[key],
        at < given.length ? text[given[at] ?? ""] : undefined,
        path === "" ? key : `${path}.${key}`,
      ),
    );
    return Object.assign({}, ...parts);
  }
  if (
    Array.isArray(expected) &&
    Array.isArray(actual) &&
    Array.isArray(text) &&
    expected.length === actual.length
  ) {
    return Object.assign(
      {},
      ...actual.map((item, at) => otherwise(expected[at], item, text[at], `${path}[${at}]`)),
    );
  }
  return { [path]: text === undefined ? ABSENT : text };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** With `<1>`, `<2>`… in place of the clusters, in the order in which the text names them. */
function renamed(text: string, clusters: readonly string[]): string {
  const order: string[] = [];
  const longestFirst = clusters.toSorted((a, b) => b.length - a.length).join("|");
  return text.replaceAll(new RegExp(`(?<![a-z0-9])(${longestFirst})(?![a-z0-9])`, "g"), (name) => {
    if (!order.includes(name)) order.push(name);
    return `<${order.indexOf(name)}>`;
  });
}
