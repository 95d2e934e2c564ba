{{- /* Where and as what a control-plane pod runs: dict root, and component when its replicas may be kept apart. */}}
{{- define "cp.placement" -}}
{{- $values := .root.Values }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
nodeSelector: {{- toYaml $values.nodeSelector | nindent 2 }}
{{- $affinity := dict }}
{{- if .component }}
{{- with $values.nodeAffinity }}{{ $_ := set $affinity "nodeAffinity" . }}{{ end }}
{{- if $values.enablePodAntiAffinity }}
{{- $same := dict "matchExpressions" (list (dict "key" "linkerd.io/control-plane-component" "operator" "In" "values" (list .component))) }}
{{- $_ := set $affinity "podAntiAffinity" (dict
  "requiredDuringSchedulingIgnoredDuringExecution" (list
    (dict "labelSelector" $same "topologyKey" "kubernetes.io/hostname"))
  "preferredDuringSchedulingIgnoredDuringExecution" (list
    (dict "weight" 100 "podAffinityTerm" (dict "labelSelector" $same "topologyKey" "topology.kubernetes.io/zone")))) }}
{{- end }}
{{- end }}
{{- with $affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
automountServiceAccountToken: false
securityContext: { seccompProfile: { type: RuntimeDefault } }
{{- end }}

{{- /* A container that runs nothing: dict root, name, ports (name → number), resources, mounts (volume → path). */}}
{{- define "cp.container" -}}
name: {{ .name }}
image: registry.k8s.io/pause:3.2
imagePullPolicy: {{ .root.Values.imagePullPolicy }}
{{- with .ports }}
ports:
{{- range $name, $port := . }}
- { name: {{ $name }}, containerPort: {{ $port }} }
{{- end }}
{{- end }}
{{- with include "cp.resources" .resources | fromJson }}
resources: {{ toJson . }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  runAsUser: {{ .root.Values.controllerUID }}
  {{- if ge (int .root.Values.controllerGID) 0 }}
  runAsGroup: {{ .root.Values.controllerGID }}
  {{- end }}
  seccompProfile: { type: RuntimeDefault }
volumeMounts:
{{- range $volume, $path := .mounts }}
- { name: {{ $volume }}, mountPath: {{ $path }} }
{{- end }}
- { name: kube-api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
{{- end }}

{{- define "cp.apiAccessVolume" -}}
name: kube-api-access
projected:
  sources:
  - serviceAccountToken: { path: token, expirationSeconds: 3607 }
  - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
  - downwardAPI: { items: [{ path: namespace, fieldRef: { apiVersion: v1, fieldPath: metadata.namespace } }] }
{{- end }}

{{- /*
A Deployment of the control plane: dict root, component, name, containers (see cp.container), secrets and
configMaps (volume → object), podAnnotations, selector (when it is not all of the pods' own labels), checksum (a template whose change restarts the pods).
The hash of the trust bundle stands on the pods, so that a changed bundle restarts them.
*/}}
{{- define "cp.deployment" -}}
{{- $values := .root.Values }}
{{- $own := dict
  "linkerd.io/control-plane-component" .component
  "linkerd.io/control-plane-ns" .root.Release.Namespace
  "linkerd.io/proxy-deployment" .name }}
{{- $named := dict
  "app.kubernetes.io/name" .component
  "app.kubernetes.io/part-of" "Linkerd"
  "app.kubernetes.io/version" $values.linkerdVersion }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "cp.metadata" (merge (dict "labels" $named) .) | nindent 2 }}
spec:
  replicas: {{ $values.controllerReplicas }}
  revisionHistoryLimit: {{ $values.revisionHistoryLimit }}
  selector:
    matchLabels: {{- toYaml (.selector | default $own) | nindent 6 }}
  {{- with $values.deploymentStrategy }}
  strategy: {{- toYaml . | nindent 4 }}
  {{- end }}
  template:
    metadata:
      labels:
        {{- toYaml $own | nindent 8 }}
        linkerd.io/workload-ns: {{ .root.Release.Namespace }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        {{- include "cp.createdBy" .root | nindent 8 }}
        linkerd.io/proxy-version: {{ $values.proxy.image.version | default $values.linkerdVersion }}
        linkerd.io/trust-root-sha256: {{ $values.identityTrustAnchorsPEM | sha256sum }}
        cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
        config.linkerd.io/default-inbound-policy: all-unauthenticated
        {{- with .checksum }}
        checksum/config: {{ include (print $.root.Template.BasePath "/" .) $.root | sha256sum }}
        {{- end }}
        {{- with mergeOverwrite (deepCopy $values.podAnnotations) .podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "cp.placement" . | nindent 6 }}
      serviceAccountName: {{ .name }}
      containers:
      {{- range .containers }}
      - {{ include "cp.container" (merge (dict "root" $.root) .) | nindent 8 | trim }}
      {{- end }}
      volumes:
      {{- range $volume, $secret := .secrets }}
      - { name: {{ $volume }}, secret: { secretName: {{ $secret }} } }
      {{- end }}
      {{- range $volume, $configMap := .configMaps }}
      - { name: {{ $volume }}, configMap: { name: {{ $configMap }} } }
      {{- end }}
      - {{ include "cp.apiAccessVolume" . | nindent 8 | trim }}
{{- end }}
