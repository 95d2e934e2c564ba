/** The certificates, tokens and passwords of a kubeconfig, as kubectl and our programs send them. No row differs. */
import {
  authority,
  base64,
  bearer,
  client,
  config,
  other,
  readSideBySide,
  secure,
  servers,
  token,
  trusted,
} from "../../../testing/sideBySide";

readSideBySide({
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
});
