import { isAlias, isMap, isNode, isScalar, isSeq, type Node, parseAllDocuments, type Scalar } from "yaml";

/** A document that Go's YAML does not read. Its message is never shown: it could quote what is in the document. */
class Unreadable extends Error {}

/**
 * The first document of a text, as the Kubernetes libraries read it (sigs.k8s.io/yaml, go.yaml.in/yaml/v2
 * `resolve.go`, `decode.go`): YAML 1.1 without dates and without numbers of base 60, a merge in the order in which
 * it stands, and of two keys of one name the later. `undefined`: it cannot be read.
 */
export function readGoYaml(content: string): { readonly value: unknown } | undefined {
  if (FORBIDDEN.test(content)) return undefined;
  const text = content.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const documents = parseAllDocuments(text, {
    ...{ schema: "failsafe", uniqueKeys: false, logLevel: "silent", keepSourceTokens: true },
  });
  if (!("length" in documents)) return { value: null };
  const [document] = documents;
  if (document === undefined) return { value: null };
  if (document.errors.length > 0) return undefined;
  try {
    return { value: new Reader().read(document.contents) };
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** What its `readerc.go` calls control characters. */
const FORBIDDEN = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

class Reader {
  /** What an alias may name: the last node of each anchor, and its value once it is read. */
  private readonly anchors = new Map<string, { value?: unknown }>();

  read(node: unknown): unknown {
    if (node === null) return null;
    if (isAlias(node)) {
      const target = this.anchors.get(node.source);
      if (target === undefined || !("value" in target)) throw new Unreadable();
      return target.value;
    }
    if (!isNode(node)) throw new Unreadable();
    const named: { value?: unknown } = {};
    if (node.anchor) this.anchors.set(node.anchor, named);
    named.value = this.content(node);
    return named.value;
  }

  private content(node: Node): unknown {
    if (isScalar(node)) return scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item));
    if (!isMap(node)) throw new Unreadable();
    const map = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      if (isScalar(key) && isMerge(key)) this.merge(map, value);
      else map.set(keyText(this.read(key)), this.read(value));
    }
    return Object.fromEntries(map);
  }

  /** What stands before it gives way, also a key of the map itself. Of several maps, the first wins. */
  private merge(into: Map<string, unknown>, node: unknown): void {
    const value = this.read(node);
    const maps: unknown[] = Array.isArray(value) ? [...value].reverse() : [value];
    for (const one of maps) {
      if (typeof one !== "object" || one === null || Array.isArray(one)) throw new Unreadable();
      for (const [key, item] of Object.entries(one)) into.set(key, item);
    }
  }
}

function isMerge({ type, value, tag }: Scalar): boolean {
  return type === "PLAIN" && value === "<<" && tag === undefined;
}

/** JSON has texts for keys: sigs.k8s.io/yaml `convertToJSONableObject`. */
function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "number" || typeof key === "boolean") return String(key);
  throw new Unreadable();
}

function scalar({ type, value, source, tag, srcToken }: Scalar): unknown {
  // The library makes dates and bytes of what has such a tag, whatever the schema.
  const text = source ?? String(value ?? "");
  // It knows neither of these two escapes, though JSON has them.
  if (type === "QUOTE_DOUBLE" && srcToken && "source" in srcToken && NO_ESCAPE.test(srcToken.source))
    throw new Unreadable();
  const short = tag?.replace("tag:yaml.org,2002:", "!!");
  if (short === "!!binary") return Buffer.from(text, "base64").toString("utf8");
  if (short === undefined && type !== "PLAIN") return text;
  if (short !== undefined && !/^!!(?:bool|int|float|null|timestamp)$/.test(short)) return text;
  const found = resolve(text);
  const kind = found === null ? "null" : typeof found;
  const asked =
    short === "!!int" || short === "!!float" ? "number" : short?.replace("!!bool", "!!boolean").slice(2);
  if (asked !== undefined && asked !== "timestamp" && asked !== kind) throw new Unreadable();
  if (typeof found === "number" && !Number.isFinite(found)) throw new Unreadable();
  return found;
}

const NO_ESCAPE = /(?<!\\)(?:\\\\)*\\(?:\/|u[dD][89a-fA-F])/;

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map(
    (word) => [word, true] as const,
  ),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map(
    (word) => [word, false] as const,
  ),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, Number.NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, Number.POSITIVE_INFINITY] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

/** A text without quotes. A number that is too large for Go is a text. */
function resolve(text: string): unknown {
  if (WORDS.has(text)) return WORDS.get(text);
  if (!/^[-+.\d]/.test(text)) return text;
  const plain = text.replaceAll("_", "");
  const isInteger = /^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/.test(plain);
  const isFloat = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(plain);
  if (!isInteger && !isFloat) return text;
  const value = Number(plain.replace(/^([-+]?)0[oO]?(?=[0-7]+$)/, "$10o").replace(/^[-+](?=0[xXbBoO])/, ""));
  return Number.isFinite(value) ? value : text;
}
