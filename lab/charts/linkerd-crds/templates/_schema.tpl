{{- /* Pieces of OpenAPI schema that several CRDs share. */}}

{{- /* Labels and, last, so that a CRD may go on with more of them, annotations. */}}
{{- define "crds.metadata" -}}
labels:
  helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
  linkerd.io/control-plane-ns: {{ .Release.Namespace }}
annotations:
  linkerd.io/created-by: {{ .Values.cliVersion | default (printf "linkerd/helm %s" .Chart.AppVersion) }}
{{- end }}

{{- /* A version entry of a CRD: dict name, storage, deprecated (optional). */}}
{{- define "crds.version" -}}
name: {{ .name }}
served: true
storage: {{ .storage | default false }}
{{- with .deprecated }}
deprecated: true
deprecationWarning: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "crds.dnsLabel" }}^[a-z0-9]([-a-z0-9]*[a-z0-9])?${{ end }}
{{- define "crds.dnsName" }}^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*${{ end }}
{{- define "crds.identity" }}^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*${{ end }}

{{- define "crds.group" -}}
{ type: string, maxLength: 253, pattern: '^$|{{ include "crds.dnsName" . }}' }
{{- end }}
{{- define "crds.kind" -}}
{ type: string, minLength: 1, maxLength: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }
{{- end }}
{{- define "crds.name" -}}
{ type: string, minLength: 1, maxLength: 253 }
{{- end }}
{{- define "crds.port" -}}
{ type: integer, format: int32, minimum: 1, maximum: 65535 }
{{- end }}

{{- /* A reference to an object: dict required (list), namespaced (bool). */}}
{{- define "crds.ref" -}}
type: object
required: {{ .required | toJson }}
properties:
  group: {{ include "crds.group" . }}
  kind: {{ include "crds.kind" . }}
  name: {{ include "crds.name" . }}
  {{- if .namespaced }}
  namespace: { type: string, maxLength: 253 }
  {{- end }}
{{- end }}

{{- define "crds.labelSelector" -}}
type: object
properties:
  matchLabels: { type: object, additionalProperties: { type: string } }
  matchExpressions:
    type: array
    items:
      type: object
      required: [key, operator]
      properties:
        key: { type: string }
        operator: { type: string, enum: [In, NotIn, Exists, DoesNotExist] }
        values: { type: array, items: { type: string } }
{{- end }}

{{- /*
Networks: an exception has to lie inside its network, as Linkerd's validator demands. A ServerAuthorization may have
none (dict mayBeEmpty true). The API server wants an upper limit for what a rule looks at.
*/}}
{{- define "crds.networks" -}}
type: array
{{- if not .mayBeEmpty }}
minItems: 1
{{- end }}
maxItems: 256
items:
  type: object
  required: [cidr]
  properties:
    cidr: { type: string, maxLength: 64 }
    except: { type: array, maxItems: 64, items: { type: string, maxLength: 64 } }
  x-kubernetes-validations:
  - rule: isCIDR(self.cidr) || isIP(self.cidr)
    message: cidr must be a network such as 10.0.0.0/8, or an IP address
  - rule: >-
      !has(self.except) || self.except.all(e, isCIDR(self.cidr) && e != self.cidr &&
      (isCIDR(e) ? cidr(self.cidr).containsCIDR(cidr(e)) : isIP(e) && cidr(self.cidr).containsIP(ip(e))))
    message: every exception must lie inside cidr and leave something of it
{{- end }}

{{- define "crds.conditions" -}}
type: array
items:
  type: object
  properties:
    type: { type: string, maxLength: 316 }
    status: { type: string, enum: ["True", "False", Unknown] }
    reason: { type: string, maxLength: 1024 }
    message: { type: string, maxLength: 32768 }
    observedGeneration: { type: integer, format: int64, minimum: 0 }
    lastTransitionTime: { type: string, format: date-time }
    lastProbeTime: { type: string, format: date-time }
{{- end }}
