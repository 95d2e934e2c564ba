/**
 * Metadata that must not be copied from an exported service to its mirrors: whoever owns the original would
 * take the mirror for its own (Argo CD would delete it, a cloud would give it a load balancer).
 * `group/*` stands for every key of a group (linkerd2 `multicluster/service-mirror`, link-gen `--excluded-*`).
 */
export const DEFAULT_EXCLUDED_LABELS: readonly string[] = [
  "app.kubernetes.io/managed-by",
  "argocd.argoproj.io/*",
  "helm.sh/*",
  "helm.toolkit.fluxcd.io/*",
  "kustomize.toolkit.fluxcd.io/*",
].sort();

export const DEFAULT_EXCLUDED_ANNOTATIONS: readonly string[] = [
  "alb.ingress.kubernetes.io/*",
  "argocd.argoproj.io/*",
  "cloud.google.com/*",
  "external-dns.alpha.kubernetes.io/*",
  "helm.sh/*",
  "kubectl.kubernetes.io/*",
  "meta.helm.sh/*",
  "metallb.io/*",
  "metallb.universe.tf/*",
  "networking.gke.io/*",
  "pulumi.com/*",
  "service.beta.kubernetes.io/*",
].sort();
