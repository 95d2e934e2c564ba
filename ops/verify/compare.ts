import { isMap } from "../../fleet/config/json";
import { type FleetObject, manifestOf } from "../../fleet/objects/object";
import type { Values } from "../../fleet/objects/values";
import type { Plain } from "../../live/shapes";
import { compareRights, readRules } from "./rights";

/** In a wanted object: a value must be here, but which one is not known. */
export const SOMETHING = Symbol("something");

/** Late values as they are known from outside. */
export interface Expected extends Values {
  readonly text: string | typeof SOMETHING;
  readonly labels: Readonly<Record<string, string>> | typeof SOMETHING;
}

export type Wanted = FleetObject<Expected>;

/** An object as it is in a cluster. */
export type LiveObject = Plain & Readonly<Record<string, unknown>>;

/** One place where a live object is not as it is wanted. */
export interface Deviation {
  readonly part: "label" | "annotation" | "field";
  /** The label's or annotation's key; a field's path, for example `spec.ports[0].port`. */
  readonly at: string;
  /** The live value; `undefined` if there is none. */
  readonly found: unknown;
}

/** Annotations that the engine's provider keeps for itself. */
const ENGINE = "pulumi.com/";

/** Kinds whose own controllers and conversion webhooks may fill in more than was written. */
const FILLED_IN = /^(getambassador\.io|monitoring\.coreos\.com|cert-manager\.io|trust\.cert-manager\.io)\//;

/** Values that API servers write where nothing was written, by kind and path. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ValidatingAdmissionPolicy: {
    "spec.matchConstraints.matchPolicy": "Equivalent",
    "spec.matchConstraints.namespaceSelector": {},
    "spec.matchConstraints.objectSelector": {},
    "spec.matchConstraints.resourceRules[].scope": "*",
  },
  HTTPRoute: { "spec.rules[].matches": [{ path: { type: "PathPrefix", value: "/" } }] },
};

/** Lists whose order means nothing, by the last part of their path. */
const UNORDERED = new Set([
  ...["identities", "networks", "requiredAuthenticationRefs", "excludedLabels", "excludedAnnotations"],
  ...["subjects", "validationActions", "operations", "apiGroups", "resources", "backendRefs", "parentRefs"],
  ...["usages", "dnsNames", "policyTypes"],
]);

/**
 * Where a live object is not as the fleet wants it. Somebody else's labels and annotations are theirs, and so is
 * everything besides our fields of an object that we only patch; in an object of our own, a field that we did not
 * write may be as bad as one that is missing, unless an API server wrote it.
 */
export function deviations(wanted: Wanted, live: LiveObject): Deviation[] {
  const { apiVersion, kind, metadata, ...fields } = manifestOf(wanted);
  const how: How = { kind, open: wanted.patch === true || FILLED_IN.test(apiVersion) };
  return [
    ...markDeviations(metadata, live),
    ...Object.entries(fields).flatMap(([field, value]) =>
      kind === "ClusterRole" && field === "rules"
        ? rights(value, live[field])
        : compare(value, live[field], field, how),
    ),
  ];
}

/** Labels and annotations that are not as they are wanted. */
export function markDeviations(
  { labels, annotations }: Pick<Wanted["metadata"], "labels" | "annotations">,
  { metadata }: LiveObject,
): Deviation[] {
  const marked = (part: "label" | "annotation", expected = {}, found: Plain["metadata"]["labels"]) =>
    Object.entries(expected)
      .filter(([key, value]) => !key.startsWith(ENGINE) && found[key] !== value)
      .map(([at]) => ({ part, at, found: found[at] }));
  return [
    ...marked("label", labels, metadata.labels),
    ...marked("annotation", annotations, metadata.annotations),
  ];
}

interface How {
  readonly kind: string;
  /** More may stand there than is wanted. */
  readonly open: boolean;
}

function compare(expected: unknown, found: unknown, path: string, how: How): Deviation[] {
  const here: Deviation = { part: "field", at: path, found };
  if (expected === SOMETHING) return isSomething(found) ? [] : [here];
  // An API server leaves out what is empty.
  if (found === undefined && !isSomething(expected)) return [];
  if (isMap(expected) && isMap(found)) {
    const keys = new Set([...Object.keys(expected), ...(how.open ? [] : Object.keys(found))]);
    return [...keys].sort().flatMap((key) => {
      const at = `${path}.${key}`;
      return expected[key] === undefined && isDefault(found[key], at, how)
        ? []
        : compare(expected[key], found[key], at, how);
    });
  }
  if (Array.isArray(expected) && Array.isArray(found)) return compareLists(expected, found, path, how);
  return expected === found ? [] : [here];
}

function compareLists(
  expected: readonly unknown[],
  found: readonly unknown[],
  path: string,
  how: How,
): Deviation[] {
  const key =
    path
      .split(".")
      .at(-1)
      ?.replace(/\[\d+\]$/, "") ?? "";
  if (UNORDERED.has(key) && isDeepEqual(sorted(expected), sorted(found))) return [];
  if (how.open && expected.every(isNamed)) {
    return expected.flatMap((item) => {
      const same = found.find((one) => isNamed(one) && one.name === item.name);
      return compare(item, same, `${path}[${item.name}]`, how);
    });
  }
  if (expected.length !== found.length) return [{ part: "field", at: path, found }];
  return expected.flatMap((item, at) => compare(item, found[at], `${path}[${at}]`, how));
}

function isDefault(found: unknown, path: string, { kind }: How): boolean {
  if (found === undefined || found === null) return true;
  const known = DEFAULTS[kind]?.[path.replace(/\[\d+\]/g, "[]")];
  return known !== undefined && isDeepEqual(known, found);
}

/** Rules are what they allow, however they are put. */
function rights(expected: unknown, found: unknown): Deviation[] {
  const differs = compareRights(readRules(expected), readRules(found)) !== undefined;
  return differs ? [{ part: "field", at: "rules", found }] : [];
}

function isSomething(found: unknown): boolean {
  if (found === undefined || found === null || found === "") return false;
  if (Array.isArray(found)) return found.length > 0;
  return !isMap(found) || Object.keys(found).length > 0;
}

function isNamed(item: unknown): item is { readonly name: string } {
  return isMap(item) && typeof item.name === "string";
}

function sorted(items: readonly unknown[]): unknown[] {
  return items.map((item) => JSON.stringify(canonical(item))).sort();
}

function isDeepEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, canonical(item)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
