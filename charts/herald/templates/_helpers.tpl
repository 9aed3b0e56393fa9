{{- define "herald.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "herald.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- /* The longest suffix, "-controller-metrics", must fit in as well. */ -}}
{{- $fullname := default $full .Values.fullnameOverride | trunc 44 | trimSuffix "-" -}}
{{- /* A release may be called what no Service may, which an API server would say in the middle of the installation. */ -}}
{{- if not (regexMatch "^[a-z][-a-z0-9]*$" $fullname) -}}
{{- fail (printf "%q cannot be the beginning of a Service's name: set fullnameOverride" $fullname) -}}
{{- end -}}
{{ $fullname }}
{{- end }}

{{- /* Takes a list: the root, and the component if there is one. */ -}}
{{- define "herald.selectorLabels" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "herald.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- with index (append . "") 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* Takes a list: the root, and the component if there is one. */ -}}
{{- define "herald.labels" -}}
{{- $root := first . -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "herald.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{- /* Takes a list: the root, and the component. */ -}}
{{- define "herald.serviceAccountName" -}}
{{- $root := first . -}}
{{- $component := last . -}}
{{- $account := (index $root.Values $component).serviceAccount -}}
{{- $default := ternary (printf "%s-%s" (include "herald.fullname" $root) $component) "default" $account.create -}}
{{ default $default $account.name }}
{{- end }}

{{- define "herald.controllerHost" -}}
{{ include "herald.fullname" . }}-controller.{{ .Release.Namespace }}.svc
{{- end }}

{{- /* Takes a list: the root, and the component. */ -}}
{{- define "herald.image" -}}
{{- $root := first . -}}
{{- $image := (index $root.Values (last .)).image -}}
image: {{ printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) | quote }}
{{- with $image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- /* Where a pod may run, and as what. Takes a list: the root, and the component. */ -}}
{{- define "herald.podSettings" -}}
{{- $root := first . -}}
{{- $values := index $root.Values (last .) -}}
serviceAccountName: {{ include "herald.serviceAccountName" . }}
# An orderly end takes 5 s at most. Killed sooner, a speaker could not hand its addresses over.
terminationGracePeriodSeconds: 15
# Services of this namespace must not become settings: each HERALD_… variable is one.
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $values.securityContext | nindent 2 }}
nodeSelector:
  {{- toYaml (merge (dict "kubernetes.io/os" "linux") (default dict $values.nodeSelector)) | nindent 2 }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}

{{- /* Takes a list: the root, and the component. */ -}}
{{- define "herald.podMetadata" -}}
{{- $root := first . -}}
{{- $values := index $root.Values (last .) -}}
{{- $scrape := dict "prometheus.io/scrape" "true" "prometheus.io/scheme" "https" "prometheus.io/port" (toString $root.Values.prometheus.metricsPort) -}}
labels:
  {{- include "herald.selectorLabels" . | nindent 2 }}
  {{- with $values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (default dict $values.podAnnotations) (ternary $scrape dict $root.Values.prometheus.scrapeAnnotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Takes the values of a component. */ -}}
{{- define "herald.probes" -}}
{{- range $name, $path := dict "livenessProbe" "/healthz" "readinessProbe" "/readyz" }}
{{- with index $ $name }}
{{- if .enabled }}
{{ $name }}:
  httpGet:
    path: {{ $path }}
    port: metricshttps
    scheme: HTTPS
  {{- toYaml (omit . "enabled") | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
