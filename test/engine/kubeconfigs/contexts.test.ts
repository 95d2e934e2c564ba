/**
 * What a kubeconfig says, and what kubectl and our programs make of it. No row differs. (Where a kubeconfig names no
 * context, kubectl asks http://localhost:8080, which is none of the servers here; our programs say so.)
 */
import { bearer, config, readSideBySide, secure, token, trusted } from "../../../testing/sideBySide";

readSideBySide({
  "a token, and a certificate authority by data": () => ({
    files: { kubeconfig: config(trusted(), token) },
    asked: bearer,
  }),
  "a path in the server's address, with a slash and a query": () => ({
    files: { kubeconfig: config(trusted({ server: `${secure()}/k8s/eu/?x=1` }), token) },
    asked: { ...bearer, path: "/k8s/eu/api" },
  }),
  JSON: () => ({ files: { kubeconfig: JSON.stringify(config(trusted(), token)) }, asked: bearer }),
  "the current context": () => ({
    files: { kubeconfig: config(trusted(), token, { "current-context": "eu" }) },
    context: undefined,
    asked: bearer,
  }),
  "no current context, and none asked for": () => ({
    files: { kubeconfig: config(trusted(), token) },
    context: undefined,
    asked: undefined,
    told: /has no current context/,
  }),
  "two files with an entry of one name": () => ({
    files: {
      one: config(trusted({ server: `${secure()}/one` }), { token: "one" }),
      two: config(trusted({ server: `${secure()}/two` }), { token: "two" }),
    },
    KUBECONFIG: ["one", "two"],
    asked: { path: "/one/api", authorization: "Bearer one" },
  }),
  "a context in one file, its cluster and its user in others": () => ({
    files: {
      one: { contexts: config({}, {}).contexts },
      two: { clusters: config(trusted(), {}).clusters },
      three: { users: config({}, token).users },
    },
    KUBECONFIG: ["one", "two", "three"],
    asked: bearer,
  }),
  "current contexts in two files": () => ({
    files: {
      one: { "current-context": "eu", contexts: null },
      two: config(trusted(), token, { "current-context": "other" }),
    },
    KUBECONFIG: ["one", "two"],
    context: undefined,
    asked: bearer,
  }),
  "a file that is not there, one that is empty, one that says nothing, and an empty name": () => ({
    files: { empty: "", nothing: "# nothing\n", kubeconfig: config(trusted(), token) },
    KUBECONFIG: ["missing", "empty", "nothing", "", "kubeconfig", "kubeconfig"],
    asked: bearer,
  }),
  "a file that is no YAML beside a good one": () => ({
    files: { kubeconfig: config(trusted(), token), broken: "{ token: x" },
    KUBECONFIG: ["kubeconfig", "broken"],
    asked: undefined,
    told: /broken cannot be read as YAML/,
  }),
  "a folder among the files": () => ({
    files: { kubeconfig: config(trusted(), token), "inner/x": "" },
    KUBECONFIG: ["kubeconfig", "inner"],
    asked: undefined,
    told: /inner cannot be read \(EISDIR\)/,
  }),
  "no KUBECONFIG: the one of the home folder": () => ({
    files: { ".kube/config": config(trusted(), token) },
    KUBECONFIG: [],
    asked: bearer,
  }),
  "entries that are not whole, beside the ones that are asked for": () => ({
    files: {
      kubeconfig: {
        ...config(trusted(), token),
        clusters: [{ name: "eu", cluster: trusted() }, { name: "half" }, { cluster: null }],
        users: [
          { name: "admin", user: token },
          { name: "half", user: { exec: {} } },
        ],
        contexts: [{ name: "half" }, ...config({}, {}).contexts],
      },
    },
    asked: bearer,
  }),
  "two entries of one name in one file": () => ({
    files: {
      kubeconfig: config(trusted(), token, {
        users: [
          { name: "admin", user: token },
          { name: "admin", user: {} },
        ],
      }),
    },
    asked: undefined,
    told: /two entries "admin" in users/,
  }),
  "a token that is a number": () => ({
    files: { kubeconfig: config(trusted(), { token: 123 }) },
    asked: undefined,
    told: /users.0.user.token cannot be read/,
  }),
  "YAML as Go reads it: yes, a date, two keys of one name, a second document": () => ({
    files: {
      kubeconfig: `clusters:
- name: eu
  cluster: { server: 'http://x.test', server: '${secure()}', insecure-skip-tls-verify: yes }
users:
- { name: admin, user: { token: 2026-08-01 } }
contexts:
- { name: eu, context: { cluster: eu, user: admin } }
---
contexts: 1
`,
    },
    asked: { authorization: "Bearer 2026-08-01" },
  }),
  "what `kubectl config view` prints": () => ({
    files: {
      kubeconfig: config(trusted({ "certificate-authority-data": "DATA+OMITTED" }), { token: "REDACTED" }),
    },
    asked: undefined,
    told: /secrets left out.*--raw/,
  }),
  "a context that is not there": () => ({
    files: { kubeconfig: config(trusted(), token) },
    context: "us",
    asked: undefined,
    told: /has no context "us"; it has "eu"/,
  }),
  "a context without a user": () => ({
    files: { kubeconfig: config(trusted(), {}, { contexts: [{ name: "eu", context: { cluster: "eu" } }] }) },
    asked: undefined,
    told: /has no credentials for this context/,
  }),
  "a context whose user is not there": () => ({
    files: { kubeconfig: config(trusted(), {}, { users: [] }) },
    asked: undefined,
    told: /has no user "admin", which the context "eu" names/,
  }),
  "a context whose cluster is not there": () => ({
    files: { kubeconfig: config(trusted(), token, { clusters: [] }) },
    asked: undefined,
    told: /has no cluster "eu", which the context "eu" names/,
  }),
});
