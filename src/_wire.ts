// Generated from coursia_genai_lab/wire by scripts/generate_wire.py; do not edit.
export type Scope = 'person' | 'group' | 'course' | 'provider';
export type Window = 'hour' | 'day' | 'week' | 'month' | 'course';
export type Deed =
  | 'mode'
  | 'policy'
  | 'quota'
  | 'force_stop'
  | 'token'
  | 'consent'
  | 'export'
  | 'erase'
  | 'charge'
  | 'key';
export type ChargeState = 'reserved' | 'sent' | 'settled' | 'refunded' | 'unknown';
export type ConsentKind = 'metadata' | 'cloud' | 'upload';
export type NotebookType = 'CLASSIC' | 'GENAI_BASIC' | 'GENAI_ADVANCED' | 'HYBRID';
export type Mode = 'auto' | 'local' | 'cloud' | 'demo' | 'off';
export type Fallback = 'ask' | 'auto' | 'never';
export type Outcome = 'done' | 'failed' | 'cancelled';
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
export type JobKind = 'openai' | 'comfyui' | 'a1111';
export type JobState = 'waiting' | 'working';
export type LayerName = 'operator' | 'class' | 'notebook' | 'person';

/**
 * Every shape that crosses a boundary, by name.
 */
export interface Wire {
  Accepted: Accepted;
  Allowance: Allowance;
  AuditEntry: AuditEntry;
  AuditView: AuditView;
  ChargeResolution: ChargeResolution;
  ChargeState: ChargeState;
  ChargeView: ChargeView;
  ClassWait: ClassWait;
  CloudWord: CloudWord;
  ConsentGiven: ConsentGiven;
  ConsentKind: ConsentKind;
  ConsentList: ConsentList;
  ConsentNeeded: ConsentNeeded;
  ConsentRequest: ConsentRequest;
  Deed: Deed;
  EnableKernel: EnableKernel;
  EnabledKernel: EnabledKernel;
  Evidence: Evidence;
  ExportRow: ExportRow;
  Fallback: Fallback;
  FetchRequest: FetchRequest;
  FolderIndex: FolderIndex;
  GPUClaim: GPUClaim;
  GPUPoint: GPUPoint;
  GPUUser: GPUUser;
  GPUView: GPUView;
  GPUsView: GPUsView;
  GenerationRequest: GenerationRequest;
  GenerationView: GenerationView;
  HealthIntegration: HealthIntegration;
  HealthMetrics: HealthMetrics;
  HealthReason: HealthReason;
  HealthView: HealthView;
  HolderView: HolderView;
  IndexTotals: IndexTotals;
  JobKind: JobKind;
  JobList: JobList;
  JobState: JobState;
  JobView: JobView;
  LabEvent: LabEvent;
  LaunchView: LaunchView;
  LayerName: LayerName;
  LedgerView: LedgerView;
  LogLines: LogLines;
  Mode: Mode;
  ModeChange: ModeChange;
  ModeLayer: ModeLayer;
  ModeView: ModeView;
  ModelFileView: ModelFileView;
  ModelInfo: ModelInfo;
  ModelList: ModelList;
  ModelRoot: ModelRoot;
  NotebookType: NotebookType;
  Outcome: Outcome;
  PinRequest: PinRequest;
  PlanView: PlanView;
  PlannedService: PlannedService;
  PolicyView: PolicyView;
  Problem: Problem;
  Profile: Profile;
  Provenance: Provenance;
  Quota: Quota;
  Resources: Resources;
  Scope: Scope;
  Section: Section;
  ServiceHealth: ServiceHealth;
  ServiceList: ServiceList;
  ServiceState: ServiceState;
  ServiceUsage: ServiceUsage;
  ServiceView: ServiceView;
  StatusView: StatusView;
  TextPolicy: TextPolicy;
  ThumbnailList: ThumbnailList;
  TimelineEntry: TimelineEntry;
  TimelineView: TimelineView;
  TokenGiven: TokenGiven;
  TokenLifetime: TokenLifetime;
  TokenRenewed: TokenRenewed;
  TokenRequest: TokenRequest;
  UpSpan: UpSpan;
  UsageErased: UsageErased;
  UsageExport: UsageExport;
  UsageView: UsageView;
  WeightsFile: WeightsFile;
  WeightsList: WeightsList;
  WeightsView: WeightsView;
  Window: Window;
}
/**
 * The answer to a command: the revision to wait for.
 */
export interface Accepted {
  revision: number;
}
/**
 * What one quota still gives; None where it sets no limit.
 */
export interface Allowance {
  scope: Scope;
  name: string;
  window: Window;
  /**
   * Unix time at which it begins anew; None: never.
   */
  renews_at: number | null;
  pictures: number | null;
  pictures_left: number | null;
  gpu_seconds: number | null;
  gpu_seconds_left: number | null;
  cents: number | null;
  cents_left: number | null;
}
/**
 * One deed.
 */
export interface AuditEntry {
  /**
   * Unix time, seconds.
   */
  at: number;
  /**
   * Who did it; empty: the Lab itself.
   */
  person: string;
  deed: Deed;
  /**
   * What it was done to: a layer, a service, a person, a charge.
   */
  subject: string;
  /**
   * What changed, in words without secrets and prompts.
   */
  detail: string;
}
/**
 * GET audit: the newest deeds, the newest first; for admins, and for teachers of the course.
 */
export interface AuditView {
  entries: AuditEntry[];
}
/**
 * POST ledger/{id}/resolve: what became of a charge whose end nobody heard.
 */
export interface ChargeResolution {
  /**
   * US cents that the provider did charge; None: it charged nothing, and nothing counts.
   */
  cents: number | null;
}
/**
 * One entry of the ledger.
 */
export interface ChargeView {
  /**
   * UUID of the job, as in the picture and the record.
   */
  id: string;
  /**
   * Unix time at which it was reserved.
   */
  at: number;
  person: string;
  service: string;
  model: string;
  state: ChargeState;
  pictures: number;
  gpu_seconds: number;
  /**
   * US cents: what was reserved, until it is settled.
   */
  cents: number;
  /**
   * Why a cloud stood in; empty: it did not.
   */
  fallback: string;
}
/**
 * What a class would wait for one service, if everybody asked for a picture at once.
 */
export interface ClassWait {
  service: string;
  people: number;
  /**
   * Median of past jobs on this host; None: there were none.
   */
  seconds_per_image: number | null;
  /**
   * How many past jobs this rests on.
   */
  images: number;
  start_seconds: number | null;
  /**
   * What the person in the middle of the queue waits, the start included.
   */
  median_seconds: number | null;
  last_seconds: number | null;
}
/**
 * What a provider last said to a call of this Lab.
 */
export interface CloudWord {
  /**
   * Unix time, seconds.
   */
  at: number;
  /**
   * Why it did not answer, or would not; None: it answered.
   */
  problem: Problem | null;
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
 * One confirmation that a person gave.
 */
export interface ConsentGiven {
  kind: ConsentKind;
  path: string;
  provider: string;
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
  /**
   * What clouds would need of the caller now, the newest last.
   */
  questions: ConsentNeeded[];
}
/**
 * What waits for a confirmation, in words that a person can decide by.
 */
export interface ConsentNeeded {
  kind: ConsentKind;
  /**
   * API path of the notebook that asks; empty: no notebook does.
   */
  path: string;
  /**
   * SHA-256, hexadecimal: of `metadata.genai` as read, or of a cloud's terms as shown here.
   */
  digest: string;
  /**
   * What would start, or what the cloud would stand in for.
   */
  services: string[];
  /**
   * Whether this person has confirmed just this.
   */
  given: boolean;
  /**
   * `cloud`, `upload`: the service of the catalogue that would be asked.
   */
  provider: string;
  /**
   * Its name for people.
   */
  title: string;
  /**
   * What would draw; of an offer every model that a call may come to use, with commas.
   */
  model: string;
  /**
   * Why a cloud is asked; None: it was called by its name.
   */
  reason: Problem | null;
  /**
   * US cents that one picture costs at most; None: that is not known.
   */
  price_cents: number | null;
  /**
   * Where prompts and pictures go, a sentence of the catalogue.
   */
  data: string;
  /**
   * The provider's own words on what it does with them.
   */
  policy_url: string;
  /**
   * Calls that are held until this is answered.
   */
  waiting: number;
}
/**
 * POST consents: allow what was asked, just as it was shown.
 */
export interface ConsentRequest {
  kind: ConsentKind;
  /**
   * `metadata`: API path of the notebook as it is saved.
   */
  path: string;
  /**
   * `cloud`, `upload`: the service of the catalogue.
   */
  provider: string;
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
  fallback: Fallback | null;
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
  /**
   * Of a program outside a kernel `job-` and the id of its token.
   */
  kernel_id: string;
  /**
   * API path of the notebook; of a program that runs none, its name.
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
  /**
   * The cloud that could draw while a service of this launch is not to be had; None: none may,
   * or none is needed. `given`: it does so already.
   */
  cloud: ConsentNeeded | null;
  /**
   * Why none does, although there is one: what the notebook calls no cloud can answer.
   */
  no_cloud: Problem | null;
  state: 'pending' | 'live';
  since: number;
}
/**
 * One job: what the record knows of it, and what it cost.
 */
export interface ExportRow {
  /**
   * UUID, as in the picture; empty: a sum of what people have had forgotten.
   */
  id: string;
  /**
   * Unix time at which it was reserved or, where nothing was, at which it ended.
   */
  at: number;
  person: string;
  /**
   * The dialect in which it was asked for, or `text`.
   */
  kind: string;
  service: string;
  model: string;
  /**
   * Empty: nothing came of it that the record knows of.
   */
  outcome: string;
  code: string;
  /**
   * Time for which an engine worked on it.
   */
  seconds: number;
  pictures: number;
  /**
   * Of its newest charge; empty: none.
   */
  state: string;
  gpu_seconds: number;
  /**
   * US cents, of all its charges.
   */
  cents: number;
  fallback: string;
  /**
   * Only where prompts are recorded.
   */
  prompt: string;
}
/**
 * POST models/{id}/fetch: bring what is missing.
 */
export interface FetchRequest {
  /**
   * The caller has read and accepts the licence.
   */
  accept_licence?: boolean;
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
 * Memory of a GPU that a service holds or is about to take.
 */
export interface GPUClaim {
  service: string;
  mib: number;
  exclusive: boolean;
  /**
   * Whether it is this Lab's; another Lab on the same engine has claims too.
   */
  ours: boolean;
  /**
   * Unix time, seconds.
   */
  since: number;
}
/**
 * One past reading of a GPU.
 */
export interface GPUPoint {
  /**
   * Unix time, seconds.
   */
  at: number;
  used_mib: number | null;
  busy_percent: number | null;
}
/**
 * A process that holds GPU memory.
 */
export interface GPUUser {
  /**
   * None: the driver does not tell this caller.
   */
  pid: number | null;
  /**
   * None: the driver does not say how much.
   */
  used_mib: number | null;
  /**
   * What a person recognises: a service, a container, a program.
   */
  label: string;
  /**
   * The service of this Lab that it belongs to, else None.
   */
  service: string | null;
  /**
   * The Unix user's name, where it is known.
   */
  owner: string | null;
}
/**
 * One GPU, or one MIG instance of one.
 */
export interface GPUView {
  /**
   * The driver's UUID, `GPU-…` or `MIG-…`.
   */
  id: string;
  /**
   * The driver's number; it may change when the machine starts again.
   */
  index: number;
  name: string;
  state: 'ok' | 'lost';
  total_mib: number | null;
  used_mib: number | null;
  free_mib: number | null;
  /**
   * 0 to 100; None where the driver does not tell, as for MIG instances.
   */
  busy_percent: number | null;
  temperature_celsius: number | null;
  power_watts: number | null;
  power_limit_watts: number | null;
  mig: 'off' | 'on' | 'unknown';
  /**
   * Of a MIG instance: the UUID of its GPU, which is then no device of its own.
   */
  parent: string | null;
  claims: GPUClaim[];
  users: GPUUser[];
  /**
   * Oldest first, at most some minutes.
   */
  history: GPUPoint[];
}
/**
 * GET gpus: the one cached reading that all viewers share.
 */
export interface GPUsView {
  /**
   * Unix time of the reading, seconds; None: there has been none yet.
   */
  at: number | null;
  /**
   * Unix time since which the driver gives no answer; None: the reading is fresh.
   */
  stale_since: number | null;
  driver: string | null;
  /**
   * The newest CUDA version that the driver takes.
   */
  cuda: string | null;
  /**
   * Why there is no reading: no driver, no permission, a driver that hangs.
   */
  problem: Problem | null;
  gpus: GPUView[];
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
  /**
   * A registered workflow by its name, in place of `model`.
   */
  workflow?: string | null;
}
/**
 * GET generations/{id}: what was noted when it ended; nothing says whose it was.
 */
export interface GenerationView {
  id: string;
  /**
   * Unix time of its end.
   */
  at: number;
  /**
   * The dialect in which it was asked for.
   */
  kind: 'openai' | 'comfyui' | 'a1111';
  service: string;
  model: string;
  outcome: Outcome;
  /**
   * Code of the problem, for `failed`.
   */
  code: string | null;
  /**
   * Time for which an engine worked on it.
   */
  seconds: number;
  pictures: number;
  /**
   * Of the file as it was given out; null where the record knows none.
   */
  sha256: string | null;
  /**
   * SHA-256 over id, prompt and negative prompt, with a NUL between them.
   */
  prompt_hash: string | null;
  /**
   * For whoever asked, where prompts are recorded.
   */
  prompt: string | null;
  /**
   * What was written into the file, its prompts left out; null for jobs of raw doors.
   */
  facts: Provenance | null;
}
/**
 * What is known of one picture; None is what nobody knows.
 */
export interface Provenance {
  /**
   * UUID of the generation: the same in the file, the answer and the record.
   */
  id: string;
  /**
   * ISO 8601, UTC, to the second.
   */
  made_at: string;
  /**
   * `coursia-genai-lab` and its version.
   */
  software: string;
  engine: 'comfyui' | 'a1111' | 'openai_images' | 'openrouter';
  /**
   * The service that made it; `demo` where the demo engine stood in.
   */
  service: string;
  /**
   * The service that was asked for, where another stood in.
   */
  asked_service: string | null;
  demo: boolean;
  mode: Mode;
  model: string;
  /**
   * File names of the weights, the main one first.
   */
  model_files: string[];
  /**
   * `sha256:…` of the main file, where it was checked.
   */
  model_hash: string | null;
  /**
   * Host of the provider that made it; None: it was made on this machine, or its network.
   */
  provider: string | null;
  /**
   * Code of the reason for which a cloud stood in for `asked_service`.
   */
  fallback_reason: string | null;
  /**
   * What the provider charged, or says it charges: millionths of a US dollar.
   */
  cost_microusd: number | null;
  /**
   * A provider's own id of the generation.
   */
  provider_id: string | null;
  workflow: string | null;
  /**
   * `sha256:…` of the template, not of the filled graph.
   */
  workflow_hash: string | null;
  /**
   * Digest or id of the container image that the engine ran from.
   */
  image_digest: string | null;
  prompt: string;
  negative_prompt: string | null;
  seed: number | null;
  width: number;
  height: number;
  steps: number | null;
  guidance: number | null;
  /**
   * `sha256:…` of the files that were sent to be changed or referred to, then of the mask.
   */
  inputs: string[];
}
/**
 * Whether the parts fit together.
 */
export interface HealthIntegration {
  /**
   * Whether no kernel of this server was held up by a failure of ours.
   */
  zero_regression_maintained: boolean;
  /**
   * Whether the mode lets a service answer, and one could.
   */
  genai_available: boolean;
  /**
   * Whether the demo engine could stand in.
   */
  fallback_functional: boolean;
  /**
   * Kernels that began without GenAI because it failed or was late.
   */
  launches_missed: number;
}
/**
 * Counts: a student's own, everybody's for teachers and admins.
 */
export interface HealthMetrics {
  /**
   * Whether they are the caller's own.
   */
  own: boolean;
  /**
   * Of this server.
   */
  uptime_seconds: number;
  /**
   * Kernels that began without a need for image services, since this server began.
   */
  classic_executions: number;
  /**
   * Kernels of notebooks that make images with one service, or drive one directly.
   */
  genai_executions: number;
  /**
   * Kernels of notebooks that use several services.
   */
  hybrid_executions: number;
  /**
   * Those of the kernels above that a stand-in serves.
   */
  fallback_executions: number;
  /**
   * Failures of services in the window; they are nobody's own.
   */
  errors: number;
  /**
   * Made in the window.
   */
  pictures: number;
  /**
   * Jobs of the window that failed.
   */
  failed_pictures: number;
  /**
   * Time for which engines worked on the jobs of the window.
   */
  engine_seconds: number;
  /**
   * Jobs in line now.
   */
  waiting: number;
  /**
   * Jobs that an engine works on now.
   */
  working: number;
}
/**
 * Why the whole is not healthy.
 */
export interface HealthReason {
  code: string;
  message: string;
  remedy: string;
  /**
   * The service that it concerns; null: the server.
   */
  service: string | null;
}
/**
 * GET health: read from memory and the timeline when somebody asks.
 */
export interface HealthView {
  /**
   * Unix time of the answer.
   */
  at: number;
  overall_status: 'healthy' | 'degraded' | 'unhealthy';
  /**
   * Why, the gravest first; empty where it is healthy.
   */
  reasons: HealthReason[];
  /**
   * Unix time at which this server began.
   */
  server_began: number;
  /**
   * Unix time at which the window begins: a day ago, or as far back as is known.
   */
  window_began: number;
  /**
   * False: no store could be opened, and only what this server remembers is told.
   */
  durable: boolean;
  /**
   * By name.
   */
  services: {
    [k: string]: ServiceHealth;
  };
  metrics: HealthMetrics;
  integration: HealthIntegration;
  /**
   * Failures of services in the window, the newest first, at most ten.
   */
  failures: TimelineEntry[];
}
/**
 * One service now, and in the window.
 */
export interface ServiceHealth {
  title: string;
  status: 'healthy' | 'changing' | 'idle' | 'unavailable' | 'unhealthy';
  state: ServiceState;
  /**
   * Unix time of the last change of state.
   */
  since: number;
  /**
   * Who answers in its place; `status` and `state` are then the stand-in's.
   */
  stand_in: string | null;
  /**
   * Code of its problem.
   */
  code: string | null;
  /**
   * Seconds of the window in which the service itself answered.
   */
  up_seconds: number;
  /**
   * When that was, oldest first, as the timeline tells.
   */
  up: UpSpan[];
}
/**
 * A time in which a service answered.
 */
export interface UpSpan {
  /**
   * Unix time, seconds.
   */
  began: number;
  /**
   * Unix time, seconds; the time of the answer where it still does.
   */
  ended: number;
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
    | 'waited'
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
 * GET jobs: the caller's own; an admin or a teacher sees those of others without labels.
 */
export interface JobList {
  jobs: JobView[];
}
/**
 * One job in the line of a service.
 */
export interface JobView {
  id: string;
  /**
   * Who makes it; the demo engine where that stands in.
   */
  service: string;
  kind: JobKind;
  state: JobState;
  /**
   * 1 is next; 0 while it is being worked on.
   */
  position: number;
  /**
   * Seconds until its turn, by past jobs; null where nobody knows.
   */
  seconds: number | null;
  /**
   * Unix time at which it was asked for.
   */
  since: number;
  mine: boolean;
  /**
   * What its owner recognises it by, the notebook's path; empty for other people's.
   */
  label: string;
  model: string;
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
 * GET ledger: charges, the newest first; for teachers and admins everybody's.
 */
export interface LedgerView {
  charges: ChargeView[];
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
  layer?: LayerName;
  value: Mode | null;
}
/**
 * What one layer says; a lower layer may only choose among what the upper allows.
 */
export interface ModeLayer {
  layer: LayerName;
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
  /**
   * Whether a provider makes its pictures: prompts leave this machine.
   */
  cloud: boolean;
  /**
   * US cents that one picture costs at most; 0: nothing; None: that is not known yet.
   */
  price_cents: number | null;
  /**
   * Whether it changes pictures; None: that is not known.
   */
  edits: boolean | null;
}
/**
 * GET /v1/models, our extension fields beside OpenAI's.
 */
export interface ModelList {
  models: ModelInfo[];
}
/**
 * A folder of the operator that holds model files.
 */
export interface ModelRoot {
  path: string;
  free_bytes: number | null;
  writable: boolean;
  problem: Problem | null;
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
 * GET plan: before class, and not in it.
 */
export interface PlanView {
  services: PlannedService[];
  /**
   * Largest sets of services that can run at one time; a service that is in none cannot run.
   */
  together: string[][];
  /**
   * Pairs that cannot run together and would take turns.
   */
  apart: string[][];
  waits: ClassWait[];
  notes: Problem[];
}
/**
 * One service on this host.
 */
export interface PlannedService {
  service: string;
  title: string;
  fit: 'fits' | 'after_freeing' | 'never' | 'needs_no_gpu' | 'unknown';
  /**
   * UUIDs of the GPUs that it would get.
   */
  gpus: string[];
  vram_mib: number | null;
  memory_mib: number | null;
  /**
   * The first thing that keeps it from running, with what mends it.
   */
  problem: Problem | null;
}
/**
 * GET policy: what holds besides the mode, and where it comes from.
 */
export interface PolicyView {
  course: string;
  fallback: Fallback;
  /**
   * A wait in line that is expected to be longer counts as "not to be had in time".
   */
  queue_seconds: number | null;
  /**
   * Models that this caller may use, with `*` as in file names; None: all.
   */
  models: string[] | null;
  /**
   * Those that concern this caller; for teachers and admins all.
   */
  quotas: Quota[];
  text: TextPolicy;
  enforced: boolean;
  /**
   * Where the class's policy is read from, without credentials; empty: from nowhere.
   */
  source: string;
  /**
   * Unix time at which it was last read well.
   */
  read_at: number | null;
  /**
   * Why the source cannot be read now; what was read before holds.
   */
  problem: Problem | null;
  /**
   * The caller's groups.
   */
  groups: string[];
}
/**
 * What may be used in one window; None sets no limit. 0 allows nothing.
 */
export interface Quota {
  scope: Scope;
  /**
   * A person, a group, a provider; `*` is each of them by itself. Empty for the course.
   */
  name: string;
  window: Window;
  pictures: number | null;
  gpu_seconds: number | null;
  /**
   * US cents.
   */
  cents: number | null;
}
/**
 * What may be asked of text models beside pictures.
 */
export interface TextPolicy {
  /**
   * Models that may be asked, with `*` as in file names; empty: none.
   */
  models: string[];
  max_input_characters: number;
  max_output_tokens: number;
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
   * Name of the variable that holds it in kernels; None: kernels are given none.
   */
  door_variable: string | null;
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
  /**
   * What its service file says of known troubles, one a line; told only once it has failed.
   */
  troubleshooting: string;
  /**
   * Of a cloud: what became of the last call; None: there was none since the key was set.
   */
  last_word: CloudWord | null;
  /**
   * The mode in force, where it lets nobody use the service; else None.
   */
  barred_by: Mode | null;
  can_start: boolean;
  can_stop: boolean;
  /**
   * Whether its image is made here and could be made now.
   */
  can_build: boolean;
  /**
   * UUIDs of the GPUs that it holds.
   */
  gpus: string[];
  /**
   * Ids of the models that must be fetched before it can start.
   */
  missing_models: string[];
}
/**
 * What a person had one service make.
 */
export interface ServiceUsage {
  service: string;
  pictures: number;
  /**
   * Time for which an engine worked on them.
   */
  seconds: number;
  failed: number;
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
  /**
   * What clouds would need of this caller now: calls may be held until it is answered.
   */
  questions: ConsentNeeded[];
  warnings: Problem[];
}
/**
 * GET usage/thumbnails: which of the caller's generations have a small picture.
 */
export interface ThumbnailList {
  /**
   * Whether any are kept at all here.
   */
  kept: boolean;
  /**
   * UUIDs as in the history, the newest first.
   */
  ids: string[];
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
/**
 * POST tokens: what to set for the program.
 */
export interface TokenGiven {
  /**
   * For renewing and ending it; it opens nothing itself.
   */
  id: string;
  /**
   * Unix time, seconds.
   */
  expires_at: number;
  /**
   * Variables to set; GENAI_API_TOKEN among them. NO_PROXY is left to the program.
   */
  variables: {
    [k: string]: string;
  };
  launch: LaunchView;
}
/**
 * The body of POST tokens/{id}/renew.
 */
export interface TokenLifetime {
  /**
   * Seconds from now after which token and claims end by themselves.
   */
  lifetime_seconds: number;
}
/**
 * POST tokens/{id}/renew.
 */
export interface TokenRenewed {
  id: string;
  /**
   * Unix time, seconds.
   */
  expires_at: number;
}
/**
 * The body of POST tokens.
 */
export interface TokenRequest {
  /**
   * Seconds from now after which token and claims end by themselves.
   */
  lifetime_seconds: number;
  /**
   * What a person recognises it by: the name of the program, never its arguments.
   */
  label: string;
  /**
   * The notebook that it runs; empty: none.
   */
  path: string;
  /**
   * What that notebook needs.
   */
  profile: Profile | null;
  /**
   * Services whose addresses are wanted beside those of the profile.
   *
   * @maxItems 50
   */
  services: string[];
  /**
   * It may narrow what the server and the notebook say.
   */
  mode: Mode | null;
  /**
   * Variables that the program has already, each with the place where it is set; never their
   * values. None of their group is given, so that no token goes to a foreign address.
   */
  taken: {
    [k: string]: string;
  };
}
/**
 * DELETE usage: how much no longer bears the person's name.
 */
export interface UsageErased {
  generations: number;
  charges: number;
  /**
   * How many small pictures were deleted.
   */
  thumbnails: number;
}
/**
 * GET usage/export?format=json; as CSV the rows alone.
 */
export interface UsageExport {
  since: number;
  /**
   * Empty: everybody.
   */
  person: string;
  /**
   * Whether there is more: ask again with `since` of the last row.
   */
  cut: boolean;
  /**
   * Oldest first.
   */
  rows: ExportRow[];
}
/**
 * GET usage: what the caller had made since a time, and what is left.
 */
export interface UsageView {
  /**
   * Unix time; what is older is not counted.
   */
  since: number;
  pictures: number;
  seconds: number;
  failed: number;
  services: ServiceUsage[];
  /**
   * US cents that were settled since, what is unknown included.
   */
  cents: number;
  /**
   * Charges whose end nobody heard.
   */
  unknown: number;
  /**
   * The caller's quotas, the tightest first.
   */
  left: Allowance[];
  /**
   * The newest charges that cost money or are not settled, the newest first.
   */
  charges: ChargeView[];
}
/**
 * One file of a model.
 */
export interface WeightsFile {
  folder: string;
  name: string;
  state: 'present' | 'missing' | 'partial' | 'fetching' | 'wrong';
  /**
   * The published size; of a file that is here, its own.
   */
  size_bytes: number | null;
  /**
   * Bytes that are here, in the file or in its unfinished part.
   */
  done_bytes: number;
  /**
   * Whether its hash was compared since it last changed.
   */
  verified: boolean;
  /**
   * Host, and repository if any; None: an admin has to bring it.
   */
  source: string | null;
  problem: Problem | null;
}
/**
 * GET models: every model of the catalogue that has files.
 */
export interface WeightsList {
  roots: ModelRoot[];
  models: WeightsView[];
  /**
   * Why nothing can be fetched: no model root, for one.
   */
  problem: Problem | null;
}
/**
 * One model of the catalogue and its files.
 */
export interface WeightsView {
  id: string;
  title: string;
  /**
   * The services that offer it.
   */
  services: string[];
  optional: boolean;
  /**
   * The worst of its files' states; `fetching` while one is on its way.
   */
  state: 'present' | 'missing' | 'partial' | 'fetching' | 'wrong';
  /**
   * What is done for it at the moment, a short sentence.
   */
  phase: string | null;
  percent: number | null;
  bytes_per_second: number | null;
  estimate_seconds: number | null;
  size_bytes: number | null;
  /**
   * What a fetch has still to bring.
   */
  missing_bytes: number | null;
  licence: string;
  licence_url: string | null;
  /**
   * Whether its licence is still to be accepted on this machine before it is fetched.
   */
  must_accept: boolean;
  /**
   * Who accepted it for this machine.
   */
  accepted_by: string | null;
  /**
   * When that was, seconds since 1970.
   */
  accepted_at: number | null;
  /**
   * Whether its source wants a token, see `token_missing`.
   */
  gated: boolean;
  token_missing: boolean;
  can_fetch: boolean;
  problem: Problem | null;
  files: WeightsFile[];
}
