import { randomInt } from "node:crypto";
import { CheckFailure, type Plugin, type Resource } from "./provider";
import { text, UNKNOWN } from "./values";

const SETS: Record<string, string> = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
};
const minimumOf = (kind: string) => `min${kind[0]?.toUpperCase()}${kind.slice(1)}`;
const draw = (characters: string, count: number) =>
  Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));

/** Drawn once and kept until an input changes. */
const randomString = (secret: string[]): Resource => ({
  check(news) {
    const known = [
      "length",
      "keepers",
      "overrideSpecial",
      ...Object.keys(SETS).flatMap((kind) => [kind, minimumOf(kind)]),
    ];
    const lacking = Object.keys(news).filter((key) => !known.includes(key));
    const least = Object.keys(SETS).reduce((sum, kind) => sum + Number(news[minimumOf(kind)] ?? 0), 0);
    const failures = lacking.map((property) => ({
      property,
      reason: `the lab's stand-in for random has no '${property}'`,
    }));
    if (news.length !== UNKNOWN && !(Number(news.length) >= Math.max(1, least)))
      failures.push({ property: "length", reason: `length must be at least ${Math.max(1, least)}` });
    if (Object.keys(SETS).every((kind) => news[kind] === false))
      failures.push({
        property: "length",
        reason: "at least one of lower, upper, numeric and special must stay true",
      });
    if (failures.length > 0) throw new CheckFailure(failures);
    return news;
  },
  async create(inputs, call) {
    if (call.preview) return { id: "", outputs: { ...inputs, result: UNKNOWN }, secret };
    const sets = Object.entries({ ...SETS, special: text(inputs.overrideSpecial) ?? SETS.special ?? "" });
    const allowed = sets.filter(([kind]) => inputs[kind] !== false).map(([, characters]) => characters);
    const drawn = sets.flatMap(([kind, characters]) =>
      draw(characters, Number(inputs[minimumOf(kind)] ?? 0)),
    );
    drawn.push(...draw(allowed.join(""), Number(inputs.length) - drawn.length));
    // The required characters must not stand in front.
    for (let last = drawn.length - 1; last > 0; last--) {
      const other = randomInt(last + 1);
      [drawn[last], drawn[other]] = [drawn[other] ?? "", drawn[last] ?? ""];
    }
    const result = drawn.join("");
    return { id: secret.length > 0 ? "none" : result, outputs: { ...inputs, result }, secret };
  },
});

const resources: Record<string, Resource> = {
  "random:index/randomString:RandomString": randomString([]),
  "random:index/randomPassword:RandomPassword": randomString(["result"]),
};

/** The `random` plugin. */
export const plugin: Plugin = { name: "random", resource: (type) => resources[type] };
