import { randomBytes, randomInt } from "node:crypto";
import { CheckFailure, type Created, type Plugin, type Resource, serve } from "../provider";
import { type Props, UNKNOWN } from "../values";

const SETS = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
} as const;
const KINDS = ["lower", "upper", "numeric", "special"] as const;

/** RandomString and RandomPassword differ only in what of them is secret. */
function randomString(secret: string[]): Resource {
  return {
    check(news) {
      const defaults: Props = { length: 0, lower: true, upper: true, numeric: true, special: true };
      const inputs: Props = { ...defaults, minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0, ...news };
      const least = KINDS.reduce((sum, kind) => sum + Number(inputs[minimum(kind)]), 0);
      if (inputs.length !== UNKNOWN && Number(inputs.length) < Math.max(1, least)) {
        throw new CheckFailure([
          { property: "length", reason: `length must be at least ${Math.max(1, least)}` },
        ]);
      }
      return inputs;
    },
    async create(inputs, call): Promise<Created> {
      if (call.preview) return { id: "", outputs: { ...inputs, result: UNKNOWN }, secret };
      const special = typeof inputs.overrideSpecial === "string" ? inputs.overrideSpecial : SETS.special;
      const sets = { ...SETS, special };
      const allowed = KINDS.filter((kind) => inputs[kind] === true)
        .map((kind) => sets[kind])
        .join("");
      const required = KINDS.flatMap((kind) => draw(sets[kind], Number(inputs[minimum(kind)])));
      const result = shuffle([...required, ...draw(allowed, Number(inputs.length) - required.length)]).join(
        "",
      );
      return { id: secret.length > 0 ? "none" : result, outputs: { ...inputs, result }, secret };
    },
  };
}

const resources: Record<string, Resource> = {
  "random:index/randomString:RandomString": randomString([]),
  "random:index/randomPassword:RandomPassword": randomString(["result"]),
  "random:index/randomId:RandomId": {
    async create(inputs, call): Promise<Created> {
      const computed = ["hex", "dec", "b64Std", "b64Url"];
      if (call.preview) return { id: "", outputs: { ...inputs, ...unknown(computed) } };
      const bytes = randomBytes(Number(inputs.byteLength));
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      const hex = bytes.toString("hex");
      return {
        id: bytes.toString("base64url"),
        outputs: {
          ...inputs,
          hex: prefix + hex,
          dec: prefix + BigInt(`0x${hex}`).toString(),
          b64Std: prefix + bytes.toString("base64"),
          b64Url: prefix + bytes.toString("base64url"),
        },
      };
    },
  },
};

function minimum(kind: (typeof KINDS)[number]): string {
  return `min${kind[0]?.toUpperCase()}${kind.slice(1)}`;
}

function unknown(keys: readonly string[]): Props {
  return Object.fromEntries(keys.map((key) => [key, UNKNOWN]));
}

function draw(set: string, count: number): string[] {
  return Array.from({ length: count }, () => set.charAt(randomInt(set.length)));
}

function shuffle(items: string[]): string[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] ?? "", items[last] ?? ""];
  }
  return items;
}

/** The `random` plugin: what draws a string once and keeps it until an input changes. */
export function random(): Plugin {
  return { name: "random", resource: (type) => resources[type] };
}

if (require.main === module) serve(random());
