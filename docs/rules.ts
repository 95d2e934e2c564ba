import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "../policy/rules";

const [BEGIN, END] = ["<!-- written by `npm run docs` -->", "<!-- end -->"];

/** The page as it is, with its table of rules written anew. */
export function governancePage(): string {
  const page = readFileSync(join(__dirname, "governance.md"), "utf8");
  const [before = "", rest = ""] = page.split(BEGIN);
  const rows = Object.entries(RULES).flatMap(([about, rules]) =>
    rules.map((rule) => {
      const policy = "types" in rule ? "resources" : "fleet";
      const level = rule.level ?? "mandatory";
      return `| ${about} | \`${rule.name}\` | ${policy} | ${rule.severity} | ${level} | ${rule.description} |`;
    }),
  );
  const head = ["| about | rule | policy | severity | level | what holds |", "|---|---|---|---|---|---|"];
  return `${before}${BEGIN}\n${[...head, ...rows].join("\n")}\n${END}${rest.split(END)[1] ?? ""}`;
}
