/**
 * Metadata that must not be copied from an exported service to its mirrors: whoever owns the original would
 * take the mirror for its own (Argo CD would delete it, a cloud would give it a load balancer). Among them is what
 * deployment tools find their objects by, and delete what is no longer declared: Argo CD 2 by
 * `app.kubernetes.io/instance` or its own, Flux, Helm, kapp, Rancher Fleet and k3s (`objectset.rio.cattle.io`),
 * kubectl's apply sets, kpt (`config.k8s.io`), Kubernetes' add-on manager.
 * `group/*` stands for every key of a group (linkerd2 `multicluster/service-mirror`, link-gen `--excluded-*`).
 */
export const DEFAULT_EXCLUDED_LABELS: readonly string[] = [
  "addonmanager.kubernetes.io/*",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
  "applyset.kubernetes.io/*",
  "argocd.argoproj.io/*",
  "helm.sh/*",
  "helm.toolkit.fluxcd.io/*",
  "kapp.k14s.io/*",
  "kustomize.toolkit.fluxcd.io/*",
  "objectset.rio.cattle.io/*",
].sort();

export const DEFAULT_EXCLUDED_ANNOTATIONS: readonly string[] = [
  "alb.ingress.kubernetes.io/*",
  "argocd.argoproj.io/*",
  "cloud.google.com/*",
  "config.k8s.io/*",
  "external-dns.alpha.kubernetes.io/*",
  "helm.sh/*",
  "kapp.k14s.io/*",
  "kubectl.kubernetes.io/*",
  "meta.helm.sh/*",
  "metallb.io/*",
  "metallb.universe.tf/*",
  "networking.gke.io/*",
  "objectset.rio.cattle.io/*",
  "pulumi.com/*",
  "service.beta.kubernetes.io/*",
].sort();
