import type { ScalarTag, SchemaOptions } from "yaml";

/**
 * How the engine reads a stack file. Its parser (gopkg.in/yaml.v3 `resolve.go`) knows octal numbers, `_` in numbers
 * and dates, which YAML 1.2 does not: read otherwise, a file could be sound here and refused in a preview.
 */
export const ENGINE_YAML: SchemaOptions = {
  merge: true,
  customTags: (tags) => [dates, numbers, bytes, ...tags.filter((tag) => !isNumber(tag))],
};

function isNumber(tag: unknown): boolean {
  return typeof tag === "object" && tag !== null && "tag" in tag && /:(int|float)$/.test(String(tag.tag));
}

const dates: ScalarTag = {
  tag: "tag:yaml.org,2002:timestamp",
  default: true,
  // With a T there is a zone, after a space there is none: yaml.v3 `allowedTimestampFormats`.
  test: /^\d{4}-\d{1,2}-\d{1,2}([Tt]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?)?$/,
  resolve: (source) => goTime(source) ?? source,
};

/** How Go prints a time, and so what the engine makes of a date (pulumi `resource/config/object.go`). */
function goTime(source: string): string | undefined {
  const [, year, month = "", day = "", time = "00:00:00"] =
    /^(\d{4})-(\d+)-(\d+)(?:[Tt ](\d+:\d+:\d+))?/.exec(source) ?? [];
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const isDate = !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date);
  const clock = time
    .split(":")
    .map((part) => part.padStart(2, "0"))
    .join(":");
  return isDate ? `${date} ${clock} +0000 UTC` : undefined;
}

/** The engine's reading of a date that was written without quotes. */
export const ENGINE_DATE = /^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+$/;

const numbers: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^[-+]?(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|(\.[\d_]+|\d[\d_]*(\.[\d_]*)?)([eE][-+]?\d+)?)$/,
  resolve(source) {
    const [, sign = "", digits = ""] = /^([-+]?)(.*)$/.exec(source.replaceAll("_", "")) ?? [];
    const octal = /^0[oO]?([0-7]+)$/.exec(digits)?.[1];
    const value = octal === undefined ? Number(digits) : Number.parseInt(octal, 8);
    return sign === "-" ? -value : value;
  },
};

const bytes: ScalarTag = {
  tag: "tag:yaml.org,2002:binary",
  resolve: (source) => Buffer.from(source, "base64").toString("utf8"),
};
