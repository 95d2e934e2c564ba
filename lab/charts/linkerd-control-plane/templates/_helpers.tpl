{{- define "cp.createdBy" -}}
linkerd.io/created-by: {{ .Values.cliVersion | default (printf "linkerd/helm %s" .Values.linkerdVersion) }}
{{- end }}

{{- define "cp.labels" -}}
{{- if .component }}
linkerd.io/control-plane-component: {{ .component }}
{{- end }}
linkerd.io/control-plane-ns: {{ .root.Release.Namespace }}
{{- range $key, $value := merge (dict) (.labels | default dict) .root.Values.commonLabels }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* Metadata of an object: dict root, name, component; labels, annotations and plain (no created-by) as wanted. */}}
{{- define "cp.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "cp.labels" . | trim | nindent 2 }}
{{- if or (not .plain) .annotations }}
annotations:
  {{- if not .plain }}
  {{- include "cp.createdBy" .root | nindent 2 }}
  {{- end }}
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* Cluster-wide objects have no namespace; Linkerd puts no created-by on them. */}}
{{- define "cp.clusterMetadata" -}}
name: {{ .name }}
labels: {{- include "cp.labels" . | trim | nindent 2 }}
{{- with .annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "cp.serviceAccount" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "cp.metadata" (merge (dict "plain" true) .) | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}

{{- /* A role or cluster role bound to a ServiceAccount: dict root, component, kind, name, binding, account, rules. */}}
{{- define "cp.access" -}}
{{- $shape := ternary "cp.clusterMetadata" "cp.metadata" (eq .kind "ClusterRole") }}
{{- $metadata := dict "root" .root "component" .component "labels" .labels "plain" true }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata: {{- include $shape (merge (dict "name" .name) $metadata) | nindent 2 }}
rules: {{- .rules | nindent 0 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata: {{- include $shape (merge (dict "name" (.binding | default .name)) $metadata) | nindent 2 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .name }} }
subjects:
- { kind: ServiceAccount, name: {{ .account }}, namespace: {{ .root.Release.Namespace }} }
{{- end }}

{{- /* A Service: dict root, component, name, port, portName, targetPort; headless and annotations as wanted. */}}
{{- define "cp.service" -}}
---
apiVersion: v1
kind: Service
metadata: {{- include "cp.metadata" . | nindent 2 }}
spec:
  {{ .headless | ternary "clusterIP: None" "type: ClusterIP" }}
  selector:
    linkerd.io/control-plane-component: {{ .component }}
  ports:
  - { name: {{ .portName }}, port: {{ .port }}, targetPort: {{ .targetPort | default .port }} }
{{- end }}

{{- define "cp.podDisruptionBudget" -}}
{{- if .root.Values.enablePodDisruptionBudget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "cp.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .root.Values.controller.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      linkerd.io/control-plane-component: {{ .component }}
{{- end }}
{{- end }}

{{- /* Linkerd spells resources by cpu.request; Kubernetes by requests.cpu. */}}
{{- define "cp.resources" -}}
{{- $limits := dict }}
{{- $requests := dict }}
{{- range $name, $amount := . }}
{{- with $amount.limit }}{{ $_ := set $limits $name (toString .) }}{{ end }}
{{- with $amount.request }}{{ $_ := set $requests $name (toString .) }}{{ end }}
{{- end }}
{{- $resources := dict }}
{{- with $limits }}{{ $_ := set $resources "limits" . }}{{ end }}
{{- with $requests }}{{ $_ := set $resources "requests" . }}{{ end }}
{{- toJson $resources }}
{{- end }}
