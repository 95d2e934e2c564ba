/** The exec plugins and auth-providers of a kubeconfig, as kubectl and our programs run them. No row differs. */
import { expect } from "vitest";
import {
  base64,
  bearer,
  client,
  config,
  credential,
  future,
  jwt,
  oidc,
  past,
  plugin,
  printing,
  readSideBySide,
  servers,
  telling,
  token,
  trusted,
} from "../../../testing/sideBySide";

readSideBySide({
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
});
