{{- /*
A webhook configuration and, unless the user brings it, its Secret: dict root, value (proxyInjector,
profileValidator or policyValidator), component, kind (Mutating or Validating), name (of the Service), rules.
Nothing answers at the Service, and with failurePolicy Fail the API server would refuse what it asks about;
so a match condition that is never true keeps it from asking.
*/}}
{{- define "cp.webhook" -}}
{{- $values := index .root.Values .value }}
{{- $injected := or $values.injectCaFrom $values.injectCaFromSecret }}
{{- if and $values.injectCaFrom $values.injectCaFromSecret }}
{{- fail (printf "%s: set one of injectCaFrom and injectCaFromSecret, not both" .value) }}
{{- else if and $injected $values.caBundle }}
{{- fail (printf "%s: caBundle cannot be given together with injectCaFrom or injectCaFromSecret" .value) }}
{{- else if and $injected (not $values.externalSecret) }}
{{- fail (printf "%s: injectCaFrom and injectCaFromSecret need externalSecret: true" .value) }}
{{- else if and $values.externalSecret (not $injected) (not $values.caBundle) }}
{{- fail (printf "%s: externalSecret: true needs caBundle, injectCaFrom or injectCaFromSecret" .value) }}
{{- end }}
{{- $host := printf "%s.%s.svc" .name .root.Release.Namespace }}
{{- $certificate := dict }}
{{- if not (and $values.externalSecret (or $injected $values.caBundle)) }}
{{- $certificate = genSelfSignedCert $host (list) (list $host) 365 }}
{{- end }}
{{- if not $values.externalSecret }}
---
apiVersion: v1
kind: Secret
metadata: {{- include "cp.metadata" (merge (dict "name" (print .name "-k8s-tls")) .) | nindent 2 }}
type: kubernetes.io/tls
data:
  tls.crt: {{ $values.crtPEM | default $certificate.Cert | trim | b64enc }}
  tls.key: {{ $values.keyPEM | default $certificate.Key | trim | b64enc }}
{{- end }}
{{- $annotations := dict }}
{{- with $values.injectCaFrom }}{{ $_ := set $annotations "cert-manager.io/inject-ca-from" . }}{{ end }}
{{- with $values.injectCaFromSecret }}{{ $_ := set $annotations "cert-manager.io/inject-ca-from-secret" . }}{{ end }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: {{ .kind }}WebhookConfiguration
metadata:
  {{- include "cp.clusterMetadata" (dict "root" .root "component" .component "name" (print .name "-webhook-config") "annotations" $annotations) | nindent 2 }}
webhooks:
- name: {{ .name }}.linkerd.io
  matchConditions:
  - { name: stand-in-never-asked, expression: "false" }
  namespaceSelector: {{- toYaml $values.namespaceSelector | nindent 4 }}
  {{- with $values.objectSelector }}
  objectSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  clientConfig:
    service: { name: {{ .name }}, namespace: {{ .root.Release.Namespace }}, path: / }
    {{- if not $injected }}
    caBundle: {{ $values.caBundle | default $certificate.Cert | trim | b64enc }}
    {{- end }}
  failurePolicy: {{ .root.Values.webhookFailurePolicy }}
  admissionReviewVersions: [v1, v1beta1]
  sideEffects: None
  {{- with $values.timeoutSeconds }}
  timeoutSeconds: {{ . }}
  {{- end }}
  rules: {{- .rules | nindent 2 }}
{{- end }}
