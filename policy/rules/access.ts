import { CREDENTIALS_TYPE } from "../../fleet/access/credentials";
import { bindingName } from "../../fleet/access/objects";
import { ACCESS_ROLES, SCOPES } from "../../fleet/access/role";
import { accessName, credentialsName, MULTICLUSTER_NAMESPACE, TOKEN_TYPE } from "../../fleet/config/names";
import { objectName, objectNamespace, ROLE, ROLE_BINDING, SECRET } from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

const READ = ["get", "list", "watch"];

export const accessReadOnly: ResourceRule = {
  name: "access-read-only",
  description: "Accesses between clusters are read-only.",
  severity: "critical",
  remediation: "Keep to the verbs get, list and watch.",
  settings: NONE,
  types: ROLE,
  *judge({ properties }) {
    for (const rule of properties.at("rules").items) {
      for (const verb of rule.at("verbs").items) {
        if (verb.isNot(...READ, "*")) yield `${verb.path} is ${verb.text}`;
      }
    }
  },
};

export const accessNoWildcard: ResourceRule = {
  name: "access-no-wildcard",
  description: "No role grants with a wildcard.",
  severity: "critical",
  remediation: "Name the API groups, the resources and the verbs.",
  settings: NONE,
  types: ROLE,
  *judge({ properties }) {
    for (const rule of properties.at("rules").items) {
      for (const what of ["apiGroups", "resources", "verbs"]) {
        for (const item of rule.at(what).items) if (item.text === "*") yield `${item.path} is *`;
      }
    }
  },
};

const ROLE_NAMES = SCOPES.map((scope) => ACCESS_ROLES[scope].name);

export const accessPerSource: FleetRule = {
  name: "access-per-source",
  description:
    "A target grants each source an access of its own, so that one can be revoked without the others.",
  severity: "high",
  remediation:
    "One ServiceAccount and one binding for each declared access; nobody else is bound to the role.",
  settings: NONE,
  *judge(fleet) {
    if (!fleet.accesses) return;
    const bindings = fleet
      .ofType(ROLE_BINDING)
      .filter(({ properties }) => ROLE_NAMES.includes(properties.at("roleRef", "name").text ?? ""));
    const bound = new Map(bindings.map((binding) => [`${binding.cluster}/${objectName(binding)}`, binding]));
    const unsure = new Set(
      bindings.filter((one) => objectName(one) === undefined).map(({ cluster }) => cluster),
    );
    /** By cluster and name of a binding: the ServiceAccount it is for. */
    const expected = new Map<string, string>();
    for (const { source, target } of fleet.accesses) {
      const keys = SCOPES.map((scope) => `${target}/${bindingName(accessName(source), scope)}`);
      for (const key of keys) expected.set(key, accessName(source));
      if (!keys.some((key) => bound.has(key)) && !unsure.has(target))
        yield { problem: `${target} grants ${source} no access of its own` };
    }
    for (const binding of bindings) {
      const name = objectName(binding);
      if (name === undefined) continue;
      const account = expected.get(`${binding.cluster}/${name}`);
      if (account === undefined) {
        const role = binding.properties.at("roleRef", "name").text;
        yield { problem: `${binding.cluster} binds ${name} to ${role}, for no declared access`, of: binding };
      }
      const subjects = binding.properties.at("subjects");
      const strangers = subjects.items.filter((subject) => subject.at("name").isNot(account ?? name));
      if (strangers.length > 0 || subjects.isAbsent) {
        const who = strangers.map((subject) => subject.at("name").text).join(", ");
        yield {
          problem: `${name} of ${binding.cluster} is bound for ${who === "" ? "nobody" : who}`,
          of: binding,
        };
      }
    }
  },
};

const PREFIX = credentialsName("");

export const credentialsForm: ResourceRule = {
  name: "credentials-form",
  description: "Credentials have the type, name, label and annotations by which Linkerd finds them.",
  severity: "high",
  remediation: `Type ${CREDENTIALS_TYPE}, name ${PREFIX}<target>; the destination controller's copy names cluster and domains.`,
  settings: NONE,
  types: SECRET,
  *judge(secret) {
    const { properties } = secret;
    const type = properties.at("type");
    if (type.text === TOKEN_TYPE) return;
    const name = objectName(secret);
    const isNamed = name?.startsWith(PREFIX) ?? false;
    if (isNamed && type.isNot(CREDENTIALS_TYPE))
      yield `its type is ${type.text ?? "missing"}, not ${CREDENTIALS_TYPE}`;
    if (name !== undefined && !isNamed && type.text === CREDENTIALS_TYPE)
      yield `it is not named ${PREFIX}<target>`;
    if (!isNamed || (objectNamespace(secret) ?? MULTICLUSTER_NAMESPACE) === MULTICLUSTER_NAMESPACE) return;
    const needed = {
      labels: ["multicluster.linkerd.io/cluster-name"],
      annotations: ["multicluster.linkerd.io/trust-domain", "multicluster.linkerd.io/cluster-domain"],
    };
    for (const [where, keys] of Object.entries(needed)) {
      for (const key of keys) {
        if (properties.at("metadata", where, key).isAbsent) yield `metadata.${where} lacks ${key}`;
      }
    }
  },
};
