import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { performanceDocuments } from "../bench/report";
import { parseResults, RESULTS } from "../bench/result";
import { fleetConfig } from "../fleet/config/fleetConfig";
import { FLEET_FILE, NAMESPACE } from "../fleet/config/fleetFile";
import { formatProblems } from "../fleet/config/problems";
import { CHART_KEYS } from "../fleet/linkerd/charts";
import { DEFAULT_VALUES, OWNED_VALUES } from "../fleet/linkerd/values";
import { planFleet } from "../fleet/plan";
import { readStackFile } from "../live/stackFile";
import { draw } from "../ops/graph/picture";
import { svg } from "../ops/graph/svg";
import { viewOfPlan } from "../ops/graph/view";
import { commandsPage } from "./commands";
import { governancePage } from "./rules";

/** What this generator needs to know of the JSON Schema that zod writes. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/**
 * The documents that follow from the configuration's schema, the rules, the verbs, the dev stack and what the bench
 * found, by their path.
 */
export function documents(): Readonly<Record<string, string>> {
  const schema = z.toJSONSchema(fleetConfig, { io: "input" });
  return {
    "docs/stack-file.schema.json": `${JSON.stringify(stackFile(schema), null, 2)}\n`,
    "docs/fleet-file.schema.json": `${JSON.stringify({ ...schema, title: "A fleet file, shared by several stacks" }, null, 2)}\n`,
    "docs/configuration.md": configurationPage(schema as Schema),
    "docs/chart-values.md": chartValuesPage(),
    "docs/governance.md": governancePage(),
    "docs/commands.md": commandsPage(),
    "docs/dev.svg": pictureOf("Pulumi.dev.yaml"),
    ...performanceDocuments(
      readFileSync(join(__dirname, "performance.md"), "utf8"),
      parseResults(readFileSync(join(__dirname, "..", RESULTS), "utf8")),
    ),
  };
}

/** A whole `Pulumi.<stack>.yaml`: our sections, our encrypted values, and whatever belongs to others. */
function stackFile({ $schema, properties = {}, required }: z.core.JSONSchema.BaseSchema): object {
  const needed = (required ?? []).map((section) => `${NAMESPACE}:${section}`);
  const notOwn = `${NAMESPACE}:(?!(${[...Object.keys(properties), FLEET_FILE].join("|")})$)`;
  return {
    $schema,
    title: `A stack of ${NAMESPACE}`,
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        properties: {
          ...Object.fromEntries(
            Object.entries(properties).map(([section, of]) => [`${NAMESPACE}:${section}`, of]),
          ),
          [`${NAMESPACE}:${FLEET_FILE}`]: {
            type: "string",
            description:
              "File with the sections that several stacks share, relative to the folder of Pulumi.yaml",
          },
        },
        anyOf: [holds(needed), holds([`${NAMESPACE}:${FLEET_FILE}`])],
        patternProperties: {
          [`^(?!${NAMESPACE}:)`]: {},
          [`^${notOwn}`]: {
            description: "Encrypted value: `pulumi config set --secret`",
            type: "object",
            properties: { secure: { type: "string" } },
            required: ["secure"],
            additionalProperties: false,
          },
        },
        additionalProperties: false,
      },
    },
  };
}

/** Validators differ in what they make of `required` alone. */
function holds(keys: readonly string[]): object {
  return { type: "object", properties: Object.fromEntries(keys.map((key) => [key, {}])), required: keys };
}

function configurationPage({ properties = {}, required = [] }: Schema): string {
  const sections = Object.entries(properties).map(([section, schema]) => {
    const inside = rows(section, schema);
    const lines = inside.length > 0 ? inside : settingRows(section, schema, required.includes(section));
    return (
      `## \`${section}\`\n\n${schema.description}.${required.includes(section) ? " Required." : ""}\n\n` +
      `| setting | type | default | meaning |\n|---|---|---|---|\n${lines.join("\n")}\n`
    );
  });
  return `# Configuration

<!-- Written by \`npm run docs\` from the schema in fleet/config. Change it there. -->

Use this page to look up a setting of the stack file. All settings are in \`Pulumi.<stack>.yaml\`, under
\`${NAMESPACE}:<section>\`. Unknown keys are errors. The program reports all mistakes of a file at once, each with its path and a
fix. Editors complete and check the file if it begins with the following line:

\`\`\`yaml
# yaml-language-server: $schema=./docs/stack-file.schema.json
\`\`\`

If several stacks share a fleet, \`${NAMESPACE}:${FLEET_FILE}\` names a file that holds sections for all of them. See
[several stacks](stacks.md).

Kubeconfigs and private keys do not belong in these sections. Store each as an encrypted configuration value of its own with
\`pulumi config set --secret ${NAMESPACE}:<key> < file\`, and refer to it as \`{ secret: <key> }\`.

${sections.join("\n")}`;
}

function chartValuesPage(): string {
  const charts = {
    crds: "linkerd-crds",
    controlPlane: "linkerd-control-plane",
    multicluster: "linkerd-multicluster",
    viz: "linkerd-viz",
  };
  const table = (values: Readonly<Record<string, string>>) => {
    const lines = Object.entries(values).map(([value, setting]) => `| \`${value}\` | ${setting} |`);
    return lines.length === 0 ? "" : `| value | follows from |\n|---|---|\n${lines.join("\n")}\n`;
  };
  const sections = CHART_KEYS.map((key) => {
    const defaults = table(DEFAULT_VALUES[key]);
    return (
      `## \`${charts[key]}\`\n\n${table(OWNED_VALUES[key])}` +
      (defaults === "" ? "" : `\nDefaults, which you can override:\n\n${defaults}`)
    );
  });
  return `# Chart values

<!-- Written by \`npm run docs\` from OWNED_VALUES and DEFAULT_VALUES in fleet/linkerd/values.ts. Change it there. -->

Use this page to learn which chart values the program sets, and which setting of the stack file each follows from. The first
table of a chart lists the values that the program owns: it refuses a stack file that sets one of them in
\`linkerd.charts.<chart>.values\`. The second table lists defaults, which your values override. All other values are yours.

A test renders the lab's charts with every value that this program sets, and finds each value of these lists in the charts'
schemas, which are strict. Before you use another version of the official charts, compare these lists with their
\`values.yaml\`. \`license\` and \`licenseSecret\` exist only in the enterprise chart, which the lab does not have.

${sections.join("\n")}`;
}

/** One row for each setting below `path`, in the order of the schema. */
function rows(path: string, schema: Schema): string[] {
  if (schema.oneOf) return choiceRows(path, schema.oneOf);
  // A list, or one entry of it alone.
  const listed = schema.anyOf?.find(({ items }) => items?.properties);
  if (listed) return rows(path, listed);
  const inside = schema.items ?? schema.additionalProperties;
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([key, of]) =>
      settingRows(`${path}.${key}`, of, schema.required?.includes(key) ?? false),
    );
  }
  if (typeof inside !== "object") return [];
  return rows(schema.items ? `${path}[]` : `${path}.<name>`, inside);
}

function settingRows(path: string, schema: Schema, required: boolean, note = ""): string[] {
  const given = schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
  const meaning = [note, sentence(schema.description)].filter(Boolean).join(" ");
  const cells = [`\`${path}\``, typeOf(schema), required ? "required" : given, meaning];
  return [`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`, ...rows(path, schema)];
}

/** Settings whose presence depends on a `type` or `kind`: that one first, then each with the choices it is for. */
function choiceRows(path: string, options: readonly Schema[]): string[] {
  const chosen = (option: Schema) =>
    Object.entries(option.properties ?? {}).find(([, of]) => of.const !== undefined);
  const key = options.map(chosen)[0]?.[0] ?? "";
  const names = options.map((option) => chosen(option)?.[1].const);
  const meaning = options.map((option, at) => `\`${names[at]}\`: ${option.description}`).join("; ");
  const settings = options.flatMap((option, at) =>
    Object.entries(option.properties ?? {})
      .filter(([name]) => name !== key)
      .map(([name, schema]) => ({
        name,
        schema,
        option: names[at],
        required: option.required?.includes(name) ?? false,
      })),
  );
  const alike = Map.groupBy(settings, ({ name, schema }) => JSON.stringify([name, schema]));
  return [
    ...settingRows(`${path}.${key}`, { enum: names, description: meaning }, true),
    ...[...alike.values()].flatMap((group) =>
      group.slice(0, 1).flatMap(({ name, schema, required }) => {
        const all = group.length === options.length;
        const note = all ? "" : `(${group.map(({ option }) => `\`${option}\``).join(", ")})`;
        return settingRows(`${path}.${name}`, schema, required, note);
      }),
    ),
  ];
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((choice) => `\`${choice}\``).join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.prefixItems) return "pair";
  switch (schema.type) {
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "integer":
      return `number${bounds(schema)}`;
    case "array":
      return `list of ${typeOf(schema.items ?? {})}`;
    default:
      return "map";
  }
}

function bounds({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Schema): string {
  if (maximum < Number.MAX_SAFE_INTEGER) return `, ${minimum}–${maximum}`;
  return minimum === undefined ? "" : `, at least ${minimum}`;
}

function sentence(text: string | undefined): string {
  return text === undefined ? "" : text.replace(/\.?$/, ".");
}

function pictureOf(stackFile: string): string {
  const { config, problems } = readStackFile(stackFile);
  if (problems) throw new Error(`${stackFile}: ${formatProblems(problems)}`);
  return svg(draw(viewOfPlan(planFleet(config))));
}
