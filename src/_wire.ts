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
  ConsentGiven: ConsentGiven;
  ConsentList: ConsentList;
  ConsentNeeded: ConsentNeeded;
  ConsentRequest: ConsentRequest;
  EnableKernel: EnableKernel;
  EnabledKernel: EnabledKernel;
  Evidence: Evidence;
  FolderIndex: FolderIndex;
  GenerationRequest: GenerationRequest;
  HolderView: HolderView;
  IndexTotals: IndexTotals;
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
  PinRequest: PinRequest;
  Problem: Problem;
  Profile: Profile;
  Resources: Resources;
  Section: Section;
  ServiceList: ServiceList;
  ServiceState: ServiceState;
  ServiceView: ServiceView;
  StatusView: StatusView;
  TimelineEntry: TimelineEntry;
  TimelineView: TimelineView;
}
/**
 * The answer to a command: the revision to wait for.
 */
export interface Accepted {
  revision: number;
}
/**
 * One confirmation that a person gave.
 */
export interface ConsentGiven {
  kind: 'metadata';
  path: string;
  digest: string;
  /**
   * Unix time, seconds.
   */
  since: number;
}
/**
 * GET consents: what the caller has confirmed.
 */
export interface ConsentList {
  /**
   * Oldest first.
   */
  consents: ConsentGiven[];
  /**
   * With `?path=`: what that notebook, as it is saved, asks for; None when it asks for nothing
   * or its folder is trusted.
   */
  asked: ConsentNeeded | null;
}
/**
 * What waits for a confirmation, in words that a person can decide by.
 */
export interface ConsentNeeded {
  kind: 'metadata';
  path: string;
  /**
   * SHA-256 of `metadata.genai` as read, hexadecimal.
   */
  digest: string;
  /**
   * What would start.
   */
  services: string[];
  /**
   * Whether this person has confirmed just this.
   */
  given: boolean;
}
/**
 * POST consents: the notebook's metadata asks for more than its code shows.
 */
export interface ConsentRequest {
  kind: 'metadata';
  /**
   * API path of the notebook as it is saved.
   */
  path: string;
  /**
   * What was shown: `ConsentNeeded.digest`. Another one answers 409, nothing is kept.
   */
  digest: string;
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
  /**
   * Those of `services` without which the notebook still runs: behind a switch that is off, or
   * as one of several ways. They are not started before they are called.
   */
  optional: string[];
  /**
   * Those of `services` that only its metadata names: they start after a consent.
   */
  widened: string[];
  evidence: Evidence[];
  /**
   * Every local service that it needs is a hosted server by its own word: nothing starts.
   */
  remote: boolean;
  /**
   * Those of `services` for which the notebook, or its nearest `.env`, names a hosted server.
   */
  remote_services: string[];
  resources: Resources;
  /**
   * Empty for a notebook that needs nothing.
   */
  sections: Section[];
  /**
   * The teacher's word in `metadata.genai.mode`.
   */
  mode: Mode | null;
  /**
   * The teacher's word in `metadata.genai.fallback`.
   */
  fallback: ('ask' | 'auto' | 'never') | null;
  /**
   * Whether `metadata.genai.services` decided instead of detection.
   */
  declared: boolean;
  /**
   * SHA-256 of `metadata.genai` in canonical JSON, hexadecimal; empty where there is none.
   */
  metadata_digest: string;
  /**
   * Addresses written into the code that no variable can reach.
   */
  literal_addresses: Evidence[];
  /**
   * Why it could not be read or was not examined further.
   */
  note: string;
  /**
   * Whether nothing of it could be examined; `note` says why.
   */
  unreadable: boolean;
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
 * What the local services of a notebook want of the machine, summed from their specs.
 */
export interface Resources {
  /**
   * GPUs, if all of them run at one time.
   */
  gpus: number;
  /**
   * GPU memory, MiB.
   */
  vram_mib: number;
  /**
   * Main memory, MiB.
   */
  memory_mib: number;
}
/**
 * A run of neighbouring cells of one kind; together the sections cover the notebook.
 */
export interface Section {
  kind: 'classic' | 'genai';
  /**
   * Index of its first cell, from 0.
   */
  first_cell: number;
  /**
   * Index of its last cell, included.
   */
  last_cell: number;
  /**
   * Services that its cells use; empty for a classic section.
   */
  services: string[];
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
  /**
   * What the notebook's metadata asks for beyond its code; it starts once confirmed.
   */
  consent: ConsentNeeded | null;
  state: 'pending' | 'live';
  since: number;
}
/**
 * The notebooks below a folder: what each needs, and what of it cannot run here.
 */
export interface FolderIndex {
  folder: string;
  notebooks: Profile[];
  /**
   * Service that some notebook needs and that cannot run here -> why, and what helps.
   */
  unavailable: {
    [k: string]: Problem;
  };
  /**
   * Service -> who answers in its place at the moment.
   */
  stand_ins: {
    [k: string]: string;
  };
  totals: IndexTotals;
  /**
   * Whether the folder holds more than was looked at: too many notebooks or folders, too deep,
   * or too slow.
   */
  truncated: boolean;
  /**
   * False while the folder is still being read: ask again to see more.
   */
  complete: boolean;
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
 * How many notebooks of a folder are what.
 */
export interface IndexTotals {
  notebooks: number;
  /**
   * Notebooks that need an image service.
   */
  needing: number;
  /**
   * Of these, those of which a required service cannot run here.
   */
  blocked: number;
  unreadable: number;
  by_type: {
    [k: string]: number;
  };
  by_service: {
    [k: string]: number;
  };
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
  /**
   * False: dormant or suspended; shown, but it stops no release.
   */
  active: boolean;
  strength: 'active' | 'dormant' | 'suspended' | 'protected';
  /**
   * Unix time at which it ends by itself, seconds; None: it does not.
   */
  ends_at: number | null;
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
 * POST services/{name}/pin: keep a service, whoever uses it.
 */
export interface PinRequest {
  /**
   * How long; None until it is unpinned or the server stops. Default: an hour.
   */
  minutes: number | null;
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
   * Bytes fetched so far, while it is pulling.
   */
  done_bytes: number | null;
  total_bytes: number | null;
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
/**
 * One thing that happened to one service.
 */
export interface TimelineEntry {
  /**
   * Counts up in one store.
   */
  id: number;
  /**
   * Unix time, seconds.
   */
  at: number;
  service: string;
  event:
    | 'asked'
    | 'started'
    | 'ready'
    | 'adopted'
    | 'kept'
    | 'released'
    | 'freed'
    | 'stopping'
    | 'stopped'
    | 'failed'
    | 'reaped'
    | 'drifted'
    | 'engine_away'
    | 'engine_back';
  /**
   * Who or what caused it: a notebook, a person, `idle`, `an earlier Lab`.
   */
  by: string;
  /**
   * A sentence.
   */
  reason: string;
  /**
   * Code of the problem, for `failed`.
   */
  code: string | null;
  /**
   * How long it took, where it took time.
   */
  seconds: number | null;
}
/**
 * The newest entries first.
 */
export interface TimelineView {
  entries: TimelineEntry[];
  /**
   * Whether older entries exist; ask with `before=` the last id.
   */
  more: boolean;
  /**
   * False: no store could be opened, and the entries end with this server.
   */
  durable: boolean;
}
