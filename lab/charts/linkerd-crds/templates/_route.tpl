{{- /*
Schemas of the routes. A route is described by dict kind (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute) and
group, which is also the default group of its parents.
*/}}

{{- define "crds.route.parentRef" -}}
type: object
required: [name]
properties:
  group: {{ merge (dict "default" .group) (include "crds.group" . | fromYaml) | toJson }}
  kind: {{ merge (dict "default" "Gateway") (include "crds.kind" . | fromYaml) | toJson }}
  namespace: { type: string, minLength: 1, maxLength: 63, pattern: '{{ include "crds.dnsLabel" . }}' }
  name: {{ include "crds.name" . }}
  sectionName: { type: string, minLength: 1, maxLength: 253, pattern: '{{ include "crds.dnsName" . }}' }
  port: {{ include "crds.port" . }}
{{- end }}

{{- /* A backend; weighted says whether it shares traffic with others (a mirror does not). */}}
{{- define "crds.route.backendRef" -}}
type: object
required: [name]
{{- if eq .group "gateway.networking.k8s.io" }}
x-kubernetes-validations:
- rule: self.kind != 'Service' || size(self.group) != 0 || has(self.port)
  message: a Service needs a port
{{- end }}
properties:
  group: {{ merge (dict "default" "") (include "crds.group" . | fromYaml) | toJson }}
  kind: {{ merge (dict "default" "Service") (include "crds.kind" . | fromYaml) | toJson }}
  namespace: { type: string, minLength: 1, maxLength: 63, pattern: '{{ include "crds.dnsLabel" . }}' }
  name: {{ include "crds.name" . }}
  port: {{ include "crds.port" . }}
  {{- if .weighted }}
  weight: { type: integer, format: int32, default: 1, minimum: 0, maximum: 1000000 }
  {{- end }}
  {{- if has .kind (list "HTTPRoute" "GRPCRoute") }}
  {{- if .weighted }}
  filters: {{- include "crds.route.filters" . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "crds.route.headerModifier" -}}
{{- $headers := "{ type: array, maxItems: 16, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items: { type: object, required: [name, value], properties: { name: { type: string, minLength: 1, maxLength: 256 }, value: { type: string, minLength: 1, maxLength: 4096 } } } }" -}}
type: object
properties:
  add: {{ $headers }}
  set: {{ $headers }}
  remove: { type: array, maxItems: 16, x-kubernetes-list-type: set, items: { type: string } }
{{- end }}

{{- define "crds.route.pathModifier" -}}
type: object
required: [type]
properties:
  type: { type: string, enum: [ReplaceFullPath, ReplacePrefixMatch] }
  replaceFullPath: { type: string, maxLength: 1024 }
  replacePrefixMatch: { type: string, maxLength: 1024 }
{{- end }}

{{- define "crds.route.filters" -}}
{{- $gateway := eq .group "gateway.networking.k8s.io" }}
{{- $types := list "RequestHeaderModifier" "ResponseHeaderModifier" }}
{{- if eq .kind "HTTPRoute" }}{{ $types = append $types "RequestRedirect" }}{{ end }}
{{- if $gateway }}{{ $types = concat $types (list "RequestMirror" "ExtensionRef") }}{{ end }}
{{- if and $gateway (eq .kind "HTTPRoute") }}{{ $types = append $types "URLRewrite" }}{{ end -}}
type: array
maxItems: 16
items:
  type: object
  required: [type]
  x-kubernetes-validations:
  {{- range $types }}
  {{- $field := eq . "URLRewrite" | ternary "urlRewrite" (untitle .) }}
  {{- if $gateway }}
  - rule: has(self.{{ $field }}) == (self.type == '{{ . }}')
    message: {{ $field }} is given if, and only if, type is {{ . }}
  {{- else }}
  - rule: self.type != '{{ . }}' || has(self.{{ $field }})
    message: type {{ . }} needs {{ $field }}
  {{- end }}
  {{- end }}
  properties:
    type: { type: string, enum: {{ $types | toJson }} }
    requestHeaderModifier: {{- include "crds.route.headerModifier" . | nindent 6 }}
    responseHeaderModifier: {{- include "crds.route.headerModifier" . | nindent 6 }}
    {{- if has "RequestRedirect" $types }}
    requestRedirect:
      type: object
      properties:
        scheme: { type: string, enum: [http, https] }
        hostname: { type: string, minLength: 1, maxLength: 253, pattern: '{{ include "crds.dnsName" . }}' }
        port: {{ include "crds.port" . }}
        statusCode: { type: integer, default: 302, enum: [301, 302] }
        path: {{- include "crds.route.pathModifier" . | nindent 10 }}
    {{- end }}
    {{- if has "URLRewrite" $types }}
    urlRewrite:
      type: object
      properties:
        hostname: { type: string, minLength: 1, maxLength: 253, pattern: '{{ include "crds.dnsName" . }}' }
        path: {{- include "crds.route.pathModifier" . | nindent 10 }}
    {{- end }}
    {{- if has "RequestMirror" $types }}
    requestMirror:
      type: object
      required: [backendRef]
      properties:
        backendRef: {{- include "crds.route.backendRef" (dict "kind" .kind "group" .group) | nindent 10 }}
    extensionRef: {{- include "crds.ref" (dict "required" (list "group" "kind" "name")) | nindent 6 }}
    {{- end }}
{{- end }}

{{- /* What a rule matches on: headers for both kinds, then path, query and method of HTTP or the method of gRPC. */}}
{{- define "crds.route.matches" -}}
{{- $named := "{ type: array, maxItems: 16, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name], items: { type: object, required: [name, value], properties: { name: { type: string, minLength: 1, maxLength: 256 }, value: { type: string, minLength: 1, maxLength: 4096 }, type: { type: string, default: Exact, enum: [Exact, RegularExpression] } } } }" -}}
type: array
maxItems: 8
{{- if eq .kind "HTTPRoute" }}
default: [{ path: { type: PathPrefix, value: / } }]
{{- end }}
items:
  type: object
  properties:
    headers: {{ $named }}
    {{- if eq .kind "HTTPRoute" }}
    queryParams: {{ $named }}
    method: { type: string, enum: [GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH] }
    path:
      type: object
      default: { type: PathPrefix, value: / }
      x-kubernetes-validations:
      - rule: self.type == 'RegularExpression' || self.value.startsWith('/')
        message: value must start with / unless type is RegularExpression
      properties:
        type: { type: string, default: PathPrefix, enum: [Exact, PathPrefix, RegularExpression] }
        value: { type: string, default: /, maxLength: 1024 }
    {{- else }}
    method:
      type: object
      x-kubernetes-validations:
      - rule: has(self.service) || has(self.method)
        message: give service, method or both
      properties:
        type: { type: string, default: Exact, enum: [Exact, RegularExpression] }
        service: { type: string, maxLength: 1024 }
        method: { type: string, maxLength: 1024 }
    {{- end }}
{{- end }}

{{- define "crds.route.rule" -}}
{{- $http := has .kind (list "HTTPRoute" "GRPCRoute") -}}
{{- $gateway := eq .group "gateway.networking.k8s.io" -}}
type: object
{{- if and $gateway (eq .kind "HTTPRoute") }}
x-kubernetes-validations:
- rule: >-
    !has(self.filters) || !self.filters.exists(f, f.type == 'RequestRedirect') ||
    !has(self.backendRefs) || self.backendRefs.size() == 0
  message: RequestRedirect and backendRefs exclude each other
{{- end }}
properties:
  backendRefs:
    type: array
    maxItems: 16
    {{- if not $http }}
    minItems: 1
    {{- end }}
    items: {{- include "crds.route.backendRef" (merge (dict "weighted" true) .) | nindent 6 }}
  {{- if $http }}
  filters: {{- include "crds.route.filters" . | nindent 4 }}
  matches: {{- include "crds.route.matches" . | nindent 4 }}
  {{- end }}
  {{- if eq .kind "HTTPRoute" }}
  {{- $duration := "{ type: string, maxLength: 32, pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' }" }}
  {{- if not $gateway }}
  {{- /* linkerd2 policy-controller/k8s/api/src/duration.rs: as Go reads one. */}}
  {{- $duration = "{ type: string, maxLength: 32, pattern: '^0$|^[+]?(([0-9]+([.][0-9]*)?|[.][0-9]+)(h|m|s|ms|us|ns))+$' }" }}
  {{- end }}
  timeouts:
    type: object
    x-kubernetes-validations:
    - rule: >-
        !has(self.request) || !has(self.backendRequest) || duration(self.request) == duration('0s') ||
        duration(self.backendRequest) <= duration(self.request)
      message: backendRequest must not be longer than request
    properties:
      request: {{ $duration }}
      backendRequest: {{ $duration }}
  {{- end }}
  {{- if and $http $gateway }}
  sessionPersistence: { type: object, x-kubernetes-preserve-unknown-fields: true }
  {{- end }}
{{- end }}

{{- define "crds.route.schema" -}}
type: object
{{- if ne .kind "GRPCRoute" }}
required: [spec]
{{- end }}
properties:
  spec:
    type: object
    {{- if has .kind (list "TLSRoute" "TCPRoute") }}
    required: [rules]
    {{- end }}
    properties:
      {{- if ne .kind "TCPRoute" }}
      hostnames:
        type: array
        maxItems: 16
        items: { type: string, minLength: 1, maxLength: 253, pattern: '^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$' }
      {{- end }}
      parentRefs:
        type: array
        maxItems: 32
        items: {{- include "crds.route.parentRef" . | nindent 10 }}
      rules:
        type: array
        maxItems: 16
        {{- if eq .kind "HTTPRoute" }}
        default: [{ matches: [{ path: { type: PathPrefix, value: / } }] }]
        {{- else if ne .kind "GRPCRoute" }}
        minItems: 1
        {{- end }}
        items: {{- include "crds.route.rule" . | nindent 10 }}
  status:
    type: object
    required: [parents]
    properties:
      parents:
        type: array
        maxItems: 32
        items:
          type: object
          required: [controllerName, parentRef]
          properties:
            controllerName: { type: string, minLength: 1, maxLength: 253 }
            parentRef: {{- include "crds.route.parentRef" . | nindent 14 }}
            conditions: {{- include "crds.conditions" . | nindent 14 }}
{{- end }}

{{- /* The versions of a route: dict kind, group, versions, stored (one of them), deprecated (version → warning). */}}
{{- define "crds.route.versions" -}}
{{- range $version := .versions }}
- {{ include "crds.version" (dict "name" $version "storage" (eq $version $.stored) "deprecated" (get ($.deprecated | default dict) $version)) | nindent 2 | trim }}
  subresources: { status: {} }
  additionalPrinterColumns:
  {{- if has $.kind (list "HTTPRoute" "GRPCRoute") }}
  - { name: Hostnames, type: string, jsonPath: .spec.hostnames }
  {{- end }}
  - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
  schema:
    openAPIV3Schema: {{- include "crds.route.schema" $ | nindent 6 }}
{{- end }}
{{- end }}
