import { UnknownValueError } from "@pulumi/policy";

/** What a preview does not know yet: an address, a token, a certificate. */
const UNKNOWN = Symbol("unknown until `pulumi up`");

/** Properties as plain data. */
type Data =
  | undefined
  | null
  | boolean
  | number
  | string
  | typeof UNKNOWN
  | readonly Data[]
  | { readonly [key: string]: Data };

/**
 * A place in the properties of a resource. The SDK's own objects throw at whoever touches an unknown, and the throw
 * ends the rule for the resource, or for the whole stack. Here an unknown is never taken for wrong nor for absent:
 * each question about it is answered in the rule's favour, and noted, so that the preview can say what it did not
 * judge.
 */
export class PreviewValue {
  private constructor(
    private readonly data: Data,
    /** As in `spec.selector`. */
    readonly path: string,
    private readonly note: (path: string) => void,
  ) {}

  /** The properties of a resource. `note` is told of each unknown that a rule asks about. */
  static of(properties: unknown, note: (path: string) => void): PreviewValue {
    return new PreviewValue(plain(properties), "", note);
  }

  /** What is below an unknown is unknown. */
  at(...keys: readonly string[]): PreviewValue {
    let data = this.data;
    for (const key of keys) data = data === UNKNOWN ? UNKNOWN : isMap(data) ? data[key] : undefined;
    return new PreviewValue(data, [this.path, ...keys].filter((part) => part !== "").join("."), this.note);
  }

  get isUnknown(): boolean {
    return this.known === UNKNOWN;
  }

  /** PreviewValue, and no value at all. */
  get isAbsent(): boolean {
    return this.known === undefined || this.known === null;
  }

  /** PreviewValue, and none of these. */
  isNot(...values: readonly (string | number | boolean | undefined)[]): boolean {
    const { known } = this;
    return known !== UNKNOWN && !values.some((value) => value === known);
  }

  /** The text; `undefined` where there is none, or where it is not known. */
  get text(): string | undefined {
    const { known } = this;
    return typeof known === "string" ? known : undefined;
  }

  /** The number; `undefined` where there is none, or where it is not known. */
  get number(): number | undefined {
    const { known } = this;
    return typeof known === "number" ? known : undefined;
  }

  /** The items of a list; none where there is no list, or where it is not known. */
  get items(): readonly PreviewValue[] {
    const { known } = this;
    if (!Array.isArray(known)) return [];
    return known.map((item: Data, index) => new PreviewValue(item, `${this.path}[${index}]`, this.note));
  }

  /** The keys of a map; none where there is no map, or where it is not known. */
  get keys(): readonly string[] {
    const { known } = this;
    return isMap(known) ? Object.keys(known) : [];
  }

  /** Every text here and below. */
  *texts(): Iterable<string> {
    const { known } = this;
    if (typeof known === "string") yield known;
    for (const item of this.items) yield* item.texts();
    for (const key of this.keys) yield* this.at(key).texts();
  }

  private get known(): Data {
    if (this.data === UNKNOWN) this.note(this.path);
    return this.data;
  }
}

function isMap(data: Data): data is { readonly [key: string]: Data } {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function plain(value: unknown): Data {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(value, index));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function read(holder: object, key: PropertyKey): Data {
  try {
    return plain(Reflect.get(holder, key));
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}
