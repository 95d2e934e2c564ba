{{- define "mc.createdBy" -}}
linkerd.io/created-by: {{ .Values.cliVersion | default (printf "linkerd/helm %s" .Values.linkerdVersion) }}
{{- end }}

{{- /*
Metadata of an object: dict root, name; labels and annotations; created (with the created-by annotation),
cluster (without a namespace), bare (with none but its own labels).
*/}}
{{- define "mc.metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
{{- $shared := ternary (dict) (merge (dict "linkerd.io/extension" "multicluster") .root.Values.commonLabels) (.bare | default false) }}
labels: {{- toYaml (merge (dict) (.labels | default dict) $shared) | nindent 2 }}
{{- if or .created .annotations }}
annotations:
  {{- if .created }}
  {{- include "mc.createdBy" .root | nindent 2 }}
  {{- end }}
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "mc.serviceAccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "mc.metadata" . | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{- /* Binds a role to a ServiceAccount: dict kind (Role or ClusterRole), role, account, and mc.metadata's own. */}}
{{- define "mc.binding" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata: {{- include "mc.metadata" . | nindent 2 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .role }} }
subjects:
- { kind: ServiceAccount, name: {{ .account }}, namespace: {{ .root.Release.Namespace }} }
{{- end }}

{{- /* At most one pod of those with this label may be away: dict root, name, labels, match. */}}
{{- define "mc.podDisruptionBudget" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "mc.metadata" (merge (dict "created" true "bare" true) .) | nindent 2 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{- toYaml .match | nindent 6 }}
{{- end }}

{{- /* dict spread (bool), key and value of the pods' label, nodeAffinity. */}}
{{- define "mc.affinity" -}}
{{- $affinity := dict }}
{{- with .nodeAffinity }}{{ $_ := set $affinity "nodeAffinity" . }}{{ end }}
{{- if .spread }}
{{- $same := dict "matchExpressions" (list (dict "key" .key "operator" "In" "values" (list .value))) }}
{{- $_ := set $affinity "podAntiAffinity" (dict
  "requiredDuringSchedulingIgnoredDuringExecution" (list
    (dict "labelSelector" $same "topologyKey" "kubernetes.io/hostname"))
  "preferredDuringSchedulingIgnoredDuringExecution" (list
    (dict "weight" 100 "podAffinityTerm" (dict "labelSelector" $same "topologyKey" "topology.kubernetes.io/zone")))) }}
{{- end }}
{{- with $affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /*
A pod that runs nothing: dict root, account, container, image, args, UID, GID, port (name and number), resources,
nodeSelector, tolerations, affinity (of mc.affinity), api (whether it mounts a token for the API server).
*/}}
{{- define "mc.podSpec" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
securityContext: { seccompProfile: { type: RuntimeDefault } }
{{- with .affinity }}
{{- include "mc.affinity" . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
- name: {{ .container }}
  image: {{ .image | default "registry.k8s.io/pause:3.2" }}
  {{- with .args }}
  args: {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with .port }}
  ports:
  - {{ toJson . }}
  {{- end }}
  {{- with .resources }}
  resources: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    allowPrivilegeEscalation: false
    capabilities: { drop: [ALL] }
    readOnlyRootFilesystem: true
    runAsNonRoot: true
    runAsUser: {{ .UID }}
    runAsGroup: {{ .GID }}
    seccompProfile: { type: RuntimeDefault }
  {{- if .api }}
  volumeMounts:
  - { name: kube-api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
volumes:
- name: kube-api-access
  projected:
    sources:
    - serviceAccountToken: { path: token, expirationSeconds: 3607 }
    - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
    - downwardAPI: { items: [{ path: namespace, fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } }] }
{{- end }}
{{- end }}

{{- /* Pods of the controllers and the local mirror are to be meshed; dict root, labels. */}}
{{- define "mc.mirrorPodMetadata" -}}
annotations:
  linkerd.io/inject: enabled
  cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
  config.alpha.linkerd.io/proxy-wait-before-exit-seconds: "0"
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
labels: {{- toYaml (merge (dict "linkerd.io/extension" "multicluster") .labels .root.Values.podLabels) | nindent 2 }}
{{- end }}
