import { CHART_KEYS } from "../linkerd/charts";
import { sameStack } from "../stacks/plan";
import { fleetConfig } from "./fleetConfig";
import { isMap, list, map } from "./json";
import { unknownKey } from "./messages";
import { type Problem, pathOf } from "./problems";
import type { RawConfig, Readable } from "./readable";

const SECTIONS = Object.keys(fleetConfig.shape);

/** Secrets are encrypted and all else is not; every key of the project is a section or a secret in use. */
export function secretRules({ raw }: Readable): Problem[] {
  const references = secretReferences(raw);
  const used = new Set(references.map(({ key }) => key));
  return [
    ...references
      .filter(({ path }) => isNeeded(raw, path))
      .flatMap(({ path, key }) => judgeReference(raw, path, key)),
    ...SECTIONS.filter((section) => raw.secretKeys.has(section)).map((section) => ({
      path: section,
      problem: "is encrypted as a whole, so that no preview and no review can show it",
      fix: "store it in plain text; only kubeconfigs, private keys, passwords, licenses and pull secrets are secrets, each under a key of its own",
    })),
    ...Object.keys(raw.values)
      .filter((key) => !SECTIONS.includes(key) && !used.has(key))
      .map((key) => unknownKey([key], SECTIONS)),
  ];
}

function judgeReference(raw: RawConfig, path: readonly PropertyKey[], key: string): Problem[] {
  const store = `store it with \`pulumi config set --secret linkerd-fleet:${key} < file\``;
  const wrong = SECTIONS.includes(key)
    ? { problem: `refers to ${key}, which is no secret`, fix: "give the secret a key of its own" }
    : !Object.hasOwn(raw.values, key)
      ? { problem: `refers to ${key}, which is not set in this stack`, fix: store }
      : !raw.secretKeys.has(key)
        ? {
            problem: `refers to ${key}, which is stored in plain text`,
            fix: `${store} and replace it: it was exposed`,
          }
        : undefined;
  return wrong ? [{ path: pathOf(path), ...wrong }] : [];
}

/** Secrets of another stack stay there: kubeconfigs of its clusters, keys of its trust anchors. */
function isNeeded({ values, stack: self }: RawConfig, [section, name]: readonly PropertyKey[]): boolean {
  if (self === undefined) return true;
  const owner =
    section === "clusters"
      ? map(map(values.clusters)[String(name)]).stack
      : section === "trust"
        ? map(values.trust).stack
        : undefined;
  return typeof owner !== "string" || sameStack(owner, self);
}

/** Every `{ secret: <key> }`, also in entries that have other mistakes. */
export function secretReferences({
  values,
}: Pick<RawConfig, "values">): { path: readonly PropertyKey[]; key: string }[] {
  const password = (settings: unknown, path: readonly PropertyKey[]) => ({
    path: [...path, "source", "password", "secret"],
    key: map(map(map(settings).source).password).secret,
  });
  const linkerd = (settings: unknown, path: readonly PropertyKey[]) => [
    password(settings, path),
    ...CHART_KEYS.map((chart) => password(map(map(settings).charts)[chart], [...path, "charts", chart])),
    { path: [...path, "license", "secret"], key: map(map(settings).license).secret },
    {
      path: [...path, "images", "pullSecret", "secret"],
      key: map(map(map(settings).images).pullSecret).secret,
    },
  ];
  const places = [
    ...linkerd(values.linkerd, ["linkerd"]),
    ...Object.entries(map(values.clusters)).flatMap(([name, cluster]) =>
      linkerd(map(cluster).linkerd, ["clusters", name, "linkerd"]),
    ),
    ...Object.entries(map(values.clusters)).flatMap(([name, cluster]) => [
      { path: ["clusters", name, "kubeconfig", "secret"], key: map(map(cluster).kubeconfig).secret },
      {
        path: ["clusters", name, "issuer", "privateKey", "secret"],
        key: map(map(map(cluster).issuer).privateKey).secret,
      },
    ]),
    ...list(map(values.trust).anchors).map((anchor, at) => ({
      path: ["trust", "anchors", at, "privateKey", "secret"],
      key: map(map(anchor).privateKey).secret,
    })),
  ];
  return places.flatMap(({ path, key }) =>
    typeof key === "string" && /^[\w.-]{1,63}$/.test(key) ? [{ path, key }] : [],
  );
}

/**
 * The values with something in the place of each secret that they refer to, for those who have no stack: whether the
 * secrets are there is for each stack to say.
 */
export function withStandIns(
  values: RawConfig["values"],
): Required<Pick<RawConfig, "values" | "secretKeys">> {
  const keys = secretReferences({ values }).map(({ key }) => key);
  const secrets = keys.map((key) => [key, { secure: "" }] as const);
  return { values: { ...values, ...Object.fromEntries(secrets) }, secretKeys: new Set(keys) };
}

const SECRET_TEXT =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|\b[a-z][-a-z0-9+.]*:\/\/[^\s/@:]+:[^\s/@]+@|\bclient-key-data\b|\bkind:\s*Config\b|"kind":\s*"Config"|\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/;
const SECRET_KEY =
  /(^|[-_.a-z])(password|passwd|token|api[-_]?key|private[-_]?key|keyPEM|client[-_]key[-_]data|license)$/i;

/**
 * Secrets written inside the structured values, wherever they stand: these are plain text in the stack file and in
 * the state, and chart values also in Helm's release Secrets.
 */
export function inlineSecrets({ values }: RawConfig): Problem[] {
  const problems: Problem[] = [];
  const look = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === "string") {
      const named = path.includes("values") && SECRET_KEY.test(String(path.at(-1)));
      if (!SECRET_TEXT.test(value) && !(named && value !== "")) return;
      problems.push({
        path: pathOf(path),
        problem: "looks like a secret in plain text",
        fix: path.includes("values")
          ? "take it out, and name an existing Secret of the cluster if the chart can use one"
          : "store it with `pulumi config set --secret linkerd-fleet:<key> < file` and write { secret: <key> }",
      });
    } else if (Array.isArray(value)) {
      value.forEach((item, at) => {
        look(item, [...path, at]);
      });
    } else if (isMap(value)) {
      for (const [key, item] of Object.entries(value)) {
        // Parsers and merges drop this one without a word.
        if (key === "__proto__") problems.push(unknownKey([...path, key], []));
        look(item, [...path, key]);
      }
    }
  };
  for (const section of SECTIONS) look(values[section], [section]);
  return problems;
}
