import { type CustomResourceDefinition, crds } from "@heraldlb/config/crd";
import { formatManifests } from "@heraldlb/files";

const NOTICE = `{{- /* Written by \`npm run chart\` from packages/config/src. Templates, so that an upgrade brings new versions; Helm never
deletes what is marked "keep", and with a definition would go every object of its kind. */ -}}`;

/** The chart's template of all CustomResourceDefinitions. */
export function crdTemplate(): string {
  const definitions = crds({ conversion: { service: { name: SERVICE, namespace: NAMESPACE } } });
  return `${NOTICE}\n{{- if .Values.crds.enabled }}\n${definitions.map(definitionTemplate).join("")}{{- end }}\n`;
}

// Stand-ins: only as text can a manifest have actions of a template in it.
const SERVICE = "the-webhook-service";
const NAMESPACE = "the-namespace";

function definitionTemplate(definition: CustomResourceDefinition): string {
  const { name } = definition.metadata;
  const text = formatManifests([definition])
    .replaceAll("{{", '{{ "{{" }}')
    .replace(`  name: ${name}\n`, `  name: ${name}\n${METADATA}`)
    .replace(SERVICE, '{{ include "herald.fullname" . }}-webhook')
    .replace(NAMESPACE, "{{ .Release.Namespace }}");
  return `---\n${text}`;
}

const METADATA = `  labels:
    {{- include "herald.labels" (list .) | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
`;
