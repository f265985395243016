// Generated from coursia_genai_lab/wire by scripts/generate_wire.py; do not edit.
export type NotebookType = 'CLASSIC' | 'GENAI_BASIC' | 'GENAI_ADVANCED' | 'HYBRID';
export type Mode = 'auto' | 'local' | 'cloud' | 'demo' | 'off';
export type ServiceState =
  | 'absent'
  | 'building'
  | 'pulling'
  | 'starting'
  | 'ready'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'unavailable';

/**
 * Every shape that crosses a boundary, by name.
 */
export interface Wire {
  Accepted: Accepted;
  EnableKernel: EnableKernel;
  EnabledKernel: EnabledKernel;
  Evidence: Evidence;
  FolderIndex: FolderIndex;
  GenerationRequest: GenerationRequest;
  HolderView: HolderView;
  LabEvent: LabEvent;
  LaunchView: LaunchView;
  LogLines: LogLines;
  Mode: Mode;
  ModeChange: ModeChange;
  ModeLayer: ModeLayer;
  ModeView: ModeView;
  ModelFileView: ModelFileView;
  ModelInfo: ModelInfo;
  ModelList: ModelList;
  NotebookType: NotebookType;
  Problem: Problem;
  Profile: Profile;
  ServiceList: ServiceList;
  ServiceState: ServiceState;
  ServiceView: ServiceView;
  StatusView: StatusView;
}
/**
 * The answer to a command: the revision to wait for.
 */
export interface Accepted {
  revision: number;
}
/**
 * The body of POST kernels/{id}/enable.
 */
export interface EnableKernel {
  /**
   * What the open notebook needs, saved or not; None: what its file says.
   */
  profile?: Profile | null;
}
/**
 * What a notebook needs.
 */
export interface Profile {
  /**
   * API path under the server's root, or the path as given on the command line.
   */
  path: string;
  type: NotebookType;
  needs_image_service: boolean;
  /**
   * Names from the catalogue, the first being the main one.
   */
  services: string[];
  evidence: Evidence[];
  /**
   * The notebook itself names a hosted server: nothing local is started for it.
   */
  remote: boolean;
  /**
   * The teacher's word in `metadata.genai.mode`.
   */
  mode: Mode | null;
  /**
   * Whether `metadata.genai.services` decided instead of detection.
   */
  declared: boolean;
  /**
   * Addresses written into the code that no variable can reach.
   */
  literal_addresses: Evidence[];
  /**
   * Why it could not be read or was not examined further.
   */
  note: string;
}
/**
 * One place in a notebook that shows a need.
 */
export interface Evidence {
  service: string;
  /**
   * Index of the cell in the notebook, from 0; -1 for the notebook's metadata.
   */
  cell: number;
  /**
   * Line in the cell, from 1; 0 when the whole cell is meant.
   */
  line: number;
  /**
   * Which rule decided, a stable word such as `route:/prompt`.
   */
  rule: string;
  /**
   * The line, at most 120 characters, shown as text.
   */
  excerpt: string;
  /**
   * Weak evidence supports a claim; alone it makes none.
   */
  strong: boolean;
}
/**
 * POST kernels/{id}/enable: what a silent execute must set in the kernel.
 */
export interface EnabledKernel {
  launch: LaunchView;
  /**
   * Python source that sets the variables; it holds a token, so it is never displayed.
   */
  code: string;
}
/**
 * One launch: a kernel, its notebook, what it was given.
 */
export interface LaunchView {
  launch_id: string;
  kernel_id: string;
  /**
   * API path of the notebook.
   */
  path: string;
  type: NotebookType;
  services: string[];
  /**
   * Names of the variables that were set; never their values.
   */
  variables: string[];
  /**
   * Variable name -> why it was left alone.
   */
  skipped: {
    [k: string]: string;
  };
  genai_mode: string | null;
  fallback_reason: string | null;
  /**
   * Why nothing was injected or started, a sentence; empty when all is well.
   */
  reason: string;
  state: 'pending' | 'live';
  since: number;
}
/**
 * The notebooks of a folder.
 */
export interface FolderIndex {
  folder: string;
  notebooks: Profile[];
}
/**
 * One call for pictures; OpenAI's parameters first, our extensions after.
 */
export interface GenerationRequest {
  prompt: string;
  /**
   * None picks the best that policy lets run for free.
   */
  model?: string | null;
  n?: number;
  /**
   * `auto`, or WIDTHxHEIGHT in pixels.
   */
  size?: string;
  seed?: number | null;
  steps?: number | null;
  guidance?: number | null;
  negative_prompt?: string | null;
}
/**
 * Something that keeps a service alive.
 */
export interface HolderView {
  kind: 'kernel' | 'job' | 'pin';
  /**
   * What a person recognises: a notebook's name for a kernel.
   */
  label: string;
  kernel_id: string | null;
  /**
   * Unix time, seconds.
   */
  since: number;
  active: boolean;
}
/**
 * A change, told on the event bus: public fields only.
 */
export interface LabEvent {
  instance: string;
  revision: number;
  kind: 'service' | 'launch' | 'mode' | 'warning';
  service: string | null;
  state: ServiceState | null;
  phase: string | null;
  percent: number | null;
}
/**
 * The last lines of a service's output, secrets removed.
 */
export interface LogLines {
  service: string;
  lines: string[];
}
/**
 * PUT mode: set a layer, or clear it with None.
 */
export interface ModeChange {
  layer?: 'operator' | 'class' | 'notebook' | 'person';
  value: Mode | null;
}
/**
 * What one layer says; a lower layer may only choose among what the upper allows.
 */
export interface ModeLayer {
  layer: 'operator' | 'class' | 'notebook' | 'person';
  /**
   * None: this layer says nothing.
   */
  value: Mode | null;
  set_by: string;
  /**
   * Unix time, seconds.
   */
  since: number | null;
  /**
   * Whether this caller may change the layer by PUT mode.
   */
  editable: boolean;
}
/**
 * The mode in force, and who said what.
 */
export interface ModeView {
  effective: Mode;
  scope: 'server' | 'class';
  layers: ModeLayer[];
  /**
   * False on one's own machine: the kernel's user can do whatever the server can.
   */
  enforced: boolean;
  /**
   * The values that this caller may choose now.
   */
  choices: Mode[];
}
/**
 * A model that a service offers.
 */
export interface ModelFileView {
  id: string;
  title: string;
  available: boolean;
  size_mib: number | null;
}
/**
 * A model that the OpenAI door lists.
 */
export interface ModelInfo {
  id: string;
  title: string;
  service: string;
  available: boolean;
  /**
   * Why it is not available, a sentence with its remedy.
   */
  reason: string;
  /**
   * Whether its pictures are made by the demo engine.
   */
  demo: boolean;
}
/**
 * GET /v1/models, our extension fields beside OpenAI's.
 */
export interface ModelList {
  models: ModelInfo[];
}
/**
 * What went wrong, for a program (code) and for a person (message, remedy).
 */
export interface Problem {
  code: string;
  message: string;
  remedy: string;
  /**
   * One command line that mends it, where there is one.
   */
  command: string | null;
}
/**
 * Every service of the catalogue.
 */
export interface ServiceList {
  revision: number;
  services: ServiceView[];
}
/**
 * One service: what it is, what it does now, what helps if it does not.
 */
export interface ServiceView {
  name: string;
  title: string;
  summary: string;
  dialect: 'comfyui' | 'a1111' | 'openai_images' | 'openrouter';
  kind: 'local' | 'cloud';
  state: ServiceState;
  /**
   * Whether somebody or something wants it to run.
   */
  wanted: boolean;
  /**
   * What it does at the moment, a short sentence; None when it does nothing.
   */
  phase: string | null;
  /**
   * 0 to 100 where it is known, or expected from past starts on this host.
   */
  percent: number | null;
  /**
   * Expected seconds until ready, from past starts on this host.
   */
  estimate_seconds: number | null;
  started_by: string | null;
  runtime: 'docker' | 'process' | 'external' | 'fake' | 'none';
  /**
   * Name of the service that answers in its place (demo mode), else None.
   */
  stand_in: string | null;
  /**
   * Why the service itself cannot answer here, while a stand-in does.
   */
  stand_in_reason: Problem | null;
  /**
   * Who runs it, when it is not ours.
   */
  external_owner: string | null;
  /**
   * Address that kernels use, once it is open.
   */
  door: string | null;
  /**
   * Unix time of the last change of state, seconds.
   */
  since: number;
  /**
   * Seconds until it is stopped for want of holders, else None.
   */
  stops_in_seconds: number | null;
  holders: HolderView[];
  models: ModelFileView[];
  /**
   * Declared GPU memory, MiB.
   */
  gpu_vram_mib: number | null;
  problem: Problem | null;
  can_start: boolean;
  can_stop: boolean;
}
/**
 * The snapshot that a page loads before it follows events.
 */
export interface StatusView {
  /**
   * Changes at each start of the Lab; a page that sees another one loads again.
   */
  instance: string;
  revision: number;
  version: string;
  placement: 'embedded' | 'service';
  person: string;
  role: 'student' | 'teacher' | 'admin';
  mode: ModeView;
  services: ServiceView[];
  launches: LaunchView[];
  warnings: Problem[];
}
