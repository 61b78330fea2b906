{{- define "shop.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- define "shop.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "shop.labels" -}}
{{ include "shop.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The options of node-asgi, as a list in JSON. */}}
{{- define "shop.args" -}}
{{- $v := .Values -}}
{{- $monitoring := printf "0.0.0.0:%v" $v.ports.monitoring -}}
{{- $args := list $v.app "--host" "0.0.0.0" "--port" (toString $v.ports.http)
  "--health" $monitoring "--metrics" $monitoring
  "--workers" (toString $v.workers)
  "--timeout-startup" (toString $v.startup)
  "--timeout-keep-alive" (toString $v.keepAlive)
  "--stop-delay" (toString $v.drain.stopDelay)
  "--timeout-drain" (toString $v.drain.timeout) -}}
{{- if $v.trustProxy }}{{ $args = concat $args (list "--trust-proxy" $v.trustProxy) }}{{ end -}}
{{- concat $args $v.options | toJson -}}
{{- end }}

{{/* The server ends within stopDelay + timeout. Two seconds more are for the processes to exit. */}}
{{- define "shop.gracePeriod" -}}
{{- with .Values.drain }}{{ add .preStop .stopDelay .timeout 2 }}{{ end -}}
{{- end }}

{{/* A load balancer that sends probes itself must notice in time that the server stops. */}}
{{- define "shop.checkStopDelay" -}}
{{- with .Values.probes.readiness }}
{{- $notices := add (mul .periodSeconds .failureThreshold) .timeoutSeconds }}
{{- if gt $notices (int64 $.Values.drain.stopDelay) }}
{{- fail (printf "drain.stopDelay must be at least %d: probes.readiness takes up to %d seconds to notice that the server stops" $notices $notices) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
CPU: what the load of a pod takes, if the processors may be busy for that share of the time. One
Node process and the workers can use no more than one processor each, so at that limit the kernel
does not slow them down.
*/}}
{{- define "shop.resources" -}}
{{- $v := .Values -}}
{{- with $v.capacity }}
{{- $node := divf (mulf .requestsPerSecond .nodeMicroseconds) 1e6 .utilization -}}
{{- $python := divf (mulf .requestsPerSecond .pythonMicroseconds) 1e6 .utilization -}}
{{- if gt $node 1.0 }}
{{- fail (printf "capacity: %v requests/s need %.1f Node processes, and a pod has one; lower requestsPerSecond, and let more pods run" .requestsPerSecond $node) }}
{{- end }}
{{- if gt (ceil $python) (float64 $v.workers) }}
{{- fail (printf "capacity: %v requests/s need %v workers; set workers, or lower requestsPerSecond and let more pods run" .requestsPerSecond (ceil $python)) }}
{{- end }}
{{- $memory := printf "%dMi" (add $v.memory.node $v.memory.forkServer (mul $v.memory.worker (add $v.workers 1))) -}}
requests:
  cpu: {{ printf "%.0fm" (ceil (mulf (addf $node $python) 1000)) }}
  memory: {{ $memory }}
  ephemeral-storage: {{ $v.memory.tmp }}Mi
limits:
  cpu: {{ add 1 $v.workers | quote }}
  # One more worker: the successor of one that is replaced.
  memory: {{ $memory }}
{{- end }}
{{- end }}

{{/* The average of a metric over the window, of all pods together. */}}
{{- define "shop.query" -}}
sum(avg_over_time({{ .metric }}{namespace="{{ .root.Release.Namespace }}",service="{{ include "shop.name" .root }}"}[{{ .root.Values.autoscaling.window }}]))
{{- end }}

{{/* How HPA, which KEDA uses too, changes the number of pods. */}}
{{- define "shop.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies: [{ type: Percent, value: 100, periodSeconds: 15 }, { type: Pods, value: 4, periodSeconds: 15 }]
  selectPolicy: Max
scaleDown:
  stabilizationWindowSeconds: {{ .Values.autoscaling.scaleDownSeconds }}
  policies: [{ type: Pods, value: 1, periodSeconds: 60 }]
{{- end }}
