/** Plain JSON: what a plugin works on. Secrets are unwrapped; an unknown is the string `UNKNOWN`. */
export type Value = null | boolean | number | string | Value[] | Props;
export interface Props {
  [key: string]: Value | undefined;
}

/** The engine's marks for a value that is not known yet, and for a wrapped secret. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export function isProps(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field of an object of objects; `undefined` where the path leaves it. */
export function field(value: Value | undefined, ...keys: string[]): Value | undefined {
  return keys.reduce<Value | undefined>((at, key) => (isProps(at) ? at[key] : undefined), value);
}

export function text(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function strings(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isSecret(value: Value | undefined): value is Props {
  return isProps(value) && value[SIGNATURE] === SECRET;
}

/** Unwraps secrets and drops nulls, which mean "not set". */
function plain(value: Value): Value {
  if (isSecret(value)) return plain(value.value ?? null);
  if (Array.isArray(value)) return value.map(plain);
  return isProps(value) ? plainProps(value) : value;
}

export function plainProps(props: Props): Props {
  const set = Object.entries(props).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(set.map(([key, value]) => [key, plain(value ?? null)]));
}

export function asSecret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** Wraps in `value` what is secret in `like`, as the engine does for a plugin that takes no secrets. */
function annotate(value: Value | undefined, like: Value | undefined): Value | undefined {
  if (value === undefined || isSecret(value)) return value;
  if (isSecret(like)) return asSecret(value);
  if (isProps(value) && isProps(like)) return annotateProps(value, like);
  if (Array.isArray(like) && like.some(containsSecret)) {
    if (!Array.isArray(value) || value.length !== like.length) return asSecret(value);
    return value.map((item, i) => annotate(item, like[i]) ?? null);
  }
  return value;
}

export function annotateProps(value: Props, like: Props): Props {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, annotate(item, like[key])]));
}

function containsSecret(value: Value | undefined): boolean {
  if (isSecret(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsSecret);
}

export interface Change {
  /** In the engine's notation, for example `metadata.labels["app.kubernetes.io/name"]`. */
  path: string;
  kind: "add" | "update" | "delete";
  replace: boolean;
}

/** What differs from `olds` to `news`, leaf by leaf. */
export function difference(olds: Value | undefined, news: Value | undefined, path = ""): Change[] {
  if (olds === undefined && news === undefined) return [];
  if (olds === undefined) return [{ path, kind: "add", replace: false }];
  if (news === undefined) return [{ path, kind: "delete", replace: false }];
  const lists = Array.isArray(olds) && Array.isArray(news);
  if (lists || (isProps(olds) && isProps(news))) {
    const at = (value: Value[] | Props, key: string) =>
      Array.isArray(value) ? value[Number(key)] : value[key];
    const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
    return [...keys].flatMap((key) => {
      const step = lists
        ? `[${key}]`
        : /^\w+$/.test(key)
          ? `${path && "."}${key}`
          : `[${JSON.stringify(key)}]`;
      return difference(at(olds, key), at(news, key), path + step);
    });
  }
  return olds === news ? [] : [{ path, kind: "update", replace: false }];
}
