export { type LaunchOptions, launchCommand } from "./launch.ts";
export type { Manifest } from "./manifest.ts";
export { parseManifests } from "./manifest.ts";
export type { Mount, PodSpec, Probe, ProbeTiming, ProjectedSource, RenderedProcess, VolumeSource } from "./process.ts";
export { podProcesses, renderedProcesses } from "./process.ts";
export { CHART, type RenderOptions, renderChart } from "./render.ts";
