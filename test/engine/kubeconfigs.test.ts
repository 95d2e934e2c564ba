/**
 * What a kubeconfig says, and what kubectl and our programs make of it. No row differs. (Where a kubeconfig names no
 * context, kubectl asks http://localhost:8080, which is none of the servers here; our programs say so.)
 */
import { expect } from "vitest";
import {
  authority,
  base64,
  bearer,
  client,
  config,
  credential,
  future,
  jwt,
  oidc,
  other,
  past,
  plugin,
  printing,
  type Row,
  readSideBySide,
  secure,
  servers,
  telling,
  token,
  trusted,
} from "../../testing/sideBySide";

const rows: Record<string, () => Row> = {
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
  "files beside the kubeconfig, by relative paths": () => ({
    files: {
      "sub/one": config(
        { server: secure(), "certificate-authority": "pki/ca.pem" },
        { "client-certificate": "pki/client.pem", "client-key": "../sub/pki/client.key" },
      ),
      "sub/pki/ca.pem": authority.certificate,
      "sub/pki/client.pem": client.certificate,
      "sub/pki/client.key": client.key,
    },
    KUBECONFIG: ["sub/one"],
    asked: { certificate: "client" },
  }),
  "a client certificate by data, with a token": () => ({
    files: {
      kubeconfig: config(trusted(), {
        ...token,
        "client-certificate-data": base64(client.certificate),
        "client-key-data": base64(client.key),
      }),
    },
    asked: { ...bearer, certificate: "client" },
  }),
  "a client certificate by data and by file": () => ({
    files: {
      kubeconfig: config(trusted(), {
        "client-certificate": "client.pem",
        "client-certificate-data": base64(client.certificate),
        "client-key-data": base64(client.key),
      }),
      "client.pem": other.certificate,
    },
    asked: undefined,
    told: /both client-certificate and client-certificate-data/,
  }),
  "a client certificate that is not its key's": () => ({
    files: {
      kubeconfig: config(trusted(), {
        "client-certificate-data": base64(client.certificate),
        "client-key-data": base64(other.key),
      }),
    },
    asked: undefined,
    told: /certificates or key cannot be read/,
  }),
  "a client certificate whose file is not there": () => ({
    files: { kubeconfig: config(trusted(), { "client-certificate": "x.pem", "client-key": "x.key" }) },
    asked: undefined,
    told: /names .*x.pem, which cannot be read \(ENOENT\)/,
  }),
  "a certificate authority that is none": () => ({
    files: { kubeconfig: config(trusted({ "certificate-authority-data": base64("x") }), token) },
    asked: undefined,
    told: /certificate authority is no PEM certificate/,
  }),
  "no certificate authority: the machine's": () => ({
    files: { kubeconfig: config({ server: secure() }, token) },
    asked: bearer,
  }),
  "a certificate authority that is another's": () => ({
    files: {
      kubeconfig: config(trusted({ "certificate-authority-data": base64(client.certificate) }), token),
    },
    asked: undefined,
    told: /certificate/,
  }),
  "insecure-skip-tls-verify": () => ({
    files: { kubeconfig: config({ server: secure(), "insecure-skip-tls-verify": true }, token) },
    asked: bearer,
  }),
  "insecure-skip-tls-verify with a certificate authority": () => ({
    files: { kubeconfig: config(trusted({ "insecure-skip-tls-verify": true }), token) },
    asked: undefined,
    told: /both a certificate authority and insecure-skip-tls-verify/,
  }),
  "tls-server-name": () => ({
    files: { kubeconfig: config(trusted({ "tls-server-name": "another.example.test" }), token) },
    asked: { ...bearer, serverName: "another.example.test" },
  }),
  "tls-server-name that the certificate does not have": () => ({
    files: { kubeconfig: config(trusted({ "tls-server-name": "no.example.test" }), token) },
    asked: undefined,
    told: /no.example.test/,
  }),
  "a token in a file, which wins": () => ({
    files: { kubeconfig: config(trusted(), { token: "old", tokenFile: "token" }), token: "t\n" },
    asked: bearer,
  }),
  "a token whose file is not there": () => ({
    files: { kubeconfig: config(trusted(), { ...token, tokenFile: "token" }) },
    asked: bearer,
  }),
  "a token file that is not there, and no token": () => ({
    files: { kubeconfig: config(trusted(), { tokenFile: "token" }) },
    asked: undefined,
    told: /token, which cannot be read/,
  }),
  "user name and password": () => ({
    files: { kubeconfig: config(trusted(), { username: "admin", password: "pa:ss" }) },
    asked: { authorization: `Basic ${base64("admin:pa:ss")}` },
  }),
  "a password and a token": () => ({
    files: { kubeconfig: config(trusted(), { ...token, username: "admin", password: "p" }) },
    asked: undefined,
    told: /both token and username/,
  }),
  "impersonation of a user": () => ({
    files: { kubeconfig: config(trusted(), { ...token, as: "system:serviceaccount:ci:deploy" }) },
    asked: { ...bearer, impersonation: { "impersonate-user": "system:serviceaccount:ci:deploy" } },
  }),
  "impersonation with groups, uid and extra": () => ({
    files: {
      kubeconfig: config(trusted(), {
        ...token,
        as: "jane",
        "as-uid": "u-1",
        "as-groups": ["dev", "ops"],
        "as-user-extra": { "example.com/Scopes": ["view", "edit"] },
      }),
    },
    asked: {
      ...bearer,
      impersonation: {
        "impersonate-user": "jane",
        "impersonate-uid": "u-1",
        "impersonate-group": "dev + ops",
        "impersonate-extra-example.com%2fscopes": "view + edit",
      },
    },
  }),
  "impersonation of groups without a user": () => ({
    files: { kubeconfig: config(trusted(), { ...token, "as-groups": ["dev"] }) },
    asked: undefined,
    told: /without `as`/,
  }),
  "a plain server, which gets no credential": () => ({
    files: {
      kubeconfig: config({ server: `http://127.0.0.1:${servers.ports.plain}` }, { ...token, as: "jane" }),
    },
    asked: { impersonation: { "impersonate-user": "jane" } },
  }),
  "a server without a scheme": () => ({
    files: { kubeconfig: config({ server: `127.0.0.1:${servers.ports.plain}` }, token) },
    asked: {},
  }),
  "proxy-url of the cluster": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `http://u:p@127.0.0.1:${servers.ports.proxy}` }), token),
    },
    asked: { ...bearer, proxies: [`connect 127.0.0.1:${servers.ports.secure} as Basic ${base64("u:p")}`] },
  }),
  "proxy-url, to a name that only the proxy knows": () => ({
    files: {
      kubeconfig: config(
        trusted({
          server: "https://api.example.test",
          "proxy-url": `http://127.0.0.1:${servers.ports.proxy}`,
        }),
        token,
      ),
    },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["connect api.example.test:443 as nobody"] },
  }),
  "proxy-url of a SOCKS proxy": () => ({
    files: {
      kubeconfig: config(
        trusted({
          server: "https://api.example.test",
          "proxy-url": `socks5://127.0.0.1:${servers.ports.socks}`,
        }),
        token,
      ),
    },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["socks api.example.test:443"] },
  }),
  "proxy-url that is no URL of a proxy": () => ({
    files: { kubeconfig: config(trusted({ "proxy-url": "ftp://127.0.0.1" }), token) },
    asked: undefined,
    told: /proxy-url/,
  }),
  "a proxy that refuses, with a 404": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `http://127.0.0.1:${servers.ports.refusing}` }), token),
    },
    asked: undefined,
    told: /the proxy answers 404/,
  }),
  HTTPS_PROXY: () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test:6443" }), token) },
    env: { HTTPS_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, NO_PROXY: "example.org,10.0.0.0/8" },
    asked: {
      ...bearer,
      serverName: "api.example.test",
      proxies: ["connect api.example.test:6443 as nobody"],
    },
  }),
  "https_proxy without a scheme": () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test" }), token) },
    env: { https_proxy: `127.0.0.1:${servers.ports.proxy}` },
    asked: { ...bearer, serverName: "api.example.test", proxies: ["connect api.example.test:443 as nobody"] },
  }),
  "HTTPS_PROXY, and a server of this machine": () => ({
    files: { kubeconfig: config(trusted(), token) },
    env: { HTTPS_PROXY: "http://127.0.0.1:1" },
    asked: bearer,
  }),
  "HTTPS_PROXY, and NO_PROXY with the server's domain": () => ({
    files: { kubeconfig: config(trusted({ server: "https://api.example.test" }), token) },
    env: { HTTPS_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, NO_PROXY: ".example.test" },
    asked: undefined,
    told: /ENOTFOUND|EAI_AGAIN/,
  }),
  "HTTPS_PROXY, and a proxy-url that wins": () => ({
    files: {
      kubeconfig: config(trusted({ "proxy-url": `socks5://127.0.0.1:${servers.ports.socks}` }), token),
    },
    env: { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" },
    asked: { ...bearer, proxies: [`socks 127.0.0.1:${servers.ports.secure}`] },
  }),
  "HTTP_PROXY, and a plain server": () => ({
    files: { kubeconfig: config({ server: "http://api.example.test" }, token) },
    env: { HTTP_PROXY: `http://127.0.0.1:${servers.ports.proxy}`, HTTPS_PROXY: "http://127.0.0.1:1" },
    asked: { proxies: ["http api.example.test as nobody"] },
  }),
  "an exec plugin beside the kubeconfig": () => ({
    files: { "sub/one": config(trusted(), plugin()), "sub/plugin": printing(credential(token)) },
    KUBECONFIG: ["sub/one"],
    asked: bearer,
  }),
  "an exec plugin of PATH": () => ({
    files: {
      kubeconfig: config(trusted(), plugin({ command: "sh", args: ["-c", `echo '${credential(token)}'`] })),
    },
    asked: bearer,
  }),
  "an exec plugin with cluster information": () => ({
    files: {
      kubeconfig: config(
        trusted({
          "tls-server-name": "api.example.test",
          "proxy-url": `http://127.0.0.1:${servers.ports.proxy}`,
          extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "eu" } }],
        }),
        plugin({ provideClusterInfo: true }),
      ),
      plugin: telling("KUBERNETES_EXEC_INFO"),
    },
    asked: {
      authorization: expect.stringContaining("Bearer "),
      serverName: "api.example.test",
      proxies: [`connect 127.0.0.1:${servers.ports.secure} as nobody`],
    },
  }),
  "an exec plugin without cluster information": () => ({
    files: { kubeconfig: config(trusted(), plugin()), plugin: telling("KUBERNETES_EXEC_INFO") },
    asked: { authorization: expect.stringContaining("Bearer ") },
  }),
  "an exec plugin with an environment": () => ({
    files: {
      kubeconfig: config(trusted(), plugin({ env: [{ name: "AWS_PROFILE", value: "eu" }, { name: "X" }] })),
      plugin: telling("AWS_PROFILE"),
    },
    asked: { authorization: `Bearer ${base64("eu")}` },
  }),
  "an exec plugin that gives a certificate": () => ({
    files: {
      kubeconfig: config(trusted(), plugin()),
      plugin: printing(credential({ clientCertificateData: client.certificate, clientKeyData: client.key })),
    },
    asked: { certificate: "client" },
  }),
  "an exec plugin of an older kubectl": () => ({
    files: {
      kubeconfig: config(
        trusted(),
        plugin({ apiVersion: "client.authentication.k8s.io/v1beta1", interactiveMode: undefined }),
      ),
      plugin: printing(credential(token, "client.authentication.k8s.io/v1beta1")),
    },
    asked: bearer,
  }),
  "an exec plugin beside a token, which wins": () => ({
    files: { kubeconfig: config(trusted(), { ...token, ...plugin() }) },
    asked: bearer,
  }),
  "an exec plugin of an API that is gone": () => ({
    files: { kubeconfig: config(trusted(), plugin({ apiVersion: "client.authentication.k8s.io/v1alpha1" })) },
    asked: undefined,
    told: /apiVersion is neither/,
  }),
  "an exec plugin without a command": () => ({
    files: { kubeconfig: config(trusted(), plugin({ command: undefined })) },
    asked: undefined,
    told: /exec plugin without a command for the user "admin"/,
  }),
  "an exec plugin without an interactiveMode": () => ({
    files: { kubeconfig: config(trusted(), plugin({ interactiveMode: undefined })) },
    asked: undefined,
    told: /without an interactiveMode/,
  }),
  "an exec plugin that asks questions": () => ({
    files: {
      kubeconfig: config(trusted(), plugin({ interactiveMode: "Always" })),
      plugin: printing(credential(token)),
    },
    asked: undefined,
    told: /there is no terminal/,
  }),
  "an exec plugin that is not there": () => ({
    files: { kubeconfig: config(trusted(), plugin({ installHint: "Install it with x." })) },
    asked: undefined,
    told: /plugin cannot be started: Install it with x\./,
  }),
  "an exec plugin that fails": () => ({
    files: { kubeconfig: config(trusted(), plugin()), plugin: "#!/bin/sh\necho log in first >&2\nexit 3\n" },
    asked: undefined,
    told: /plugin ended with 3: log in first/,
  }),
  "an exec plugin that answers in another API": () => ({
    files: {
      kubeconfig: config(trusted(), plugin()),
      plugin: printing(credential(token, "client.authentication.k8s.io/v1beta1")),
    },
    asked: undefined,
    told: /not of its apiVersion/,
  }),
  "an exec plugin that gives half a pair": () => ({
    files: {
      kubeconfig: config(trusted(), plugin()),
      plugin: printing(credential({ token: "t", clientKeyData: client.key })),
    },
    asked: undefined,
    told: /only one of certificate and key/,
  }),
  "the auth-provider oidc, with a token that is valid": () => ({
    files: { kubeconfig: config(trusted(), { "auth-provider": oidc(future) }) },
    asked: { authorization: `Bearer ${jwt(future)}` },
  }),
  "the auth-provider oidc, with a token that has expired": () => ({
    files: { kubeconfig: config(trusted(), { "auth-provider": oidc(past) }) },
    asked: undefined,
    told: /oidc has no valid id-token/,
  }),
  "an auth-provider that kubectl has no more": () => ({
    files: { kubeconfig: config(trusted(), { "auth-provider": { name: "gcp", config: {} } }) },
    asked: undefined,
    told: /auth-provider "gcp", which is not supported/,
  }),
};

readSideBySide(rows);
