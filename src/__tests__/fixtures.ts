import type {
  Allowance,
  ChargeView,
  ConsentNeeded,
  ExportRow,
  FolderIndex,
  GPUsView,
  JobView,
  GPUView,
  HealthView,
  HolderView,
  LaunchView,
  ModeLayer,
  ModelInfo,
  PlannedService,
  PlanView,
  PolicyView,
  Profile,
  ServiceHealth,
  ServiceView,
  StatusView,
  TimelineEntry,
  UsageView,
  WeightsFile,
  WeightsList,
  WeightsView
} from '../_wire';
import type { INotebookView } from '../components/NotebookSection';
import { NO_WORD } from '../model/word';

/** A service as the server would describe it, stopped unless told otherwise. */
export function aService(fields: Partial<ServiceView> = {}): ServiceView {
  return {
    name: 'comfyui',
    title: 'ComfyUI',
    summary: 'Workflows for images.',
    dialect: 'comfyui',
    kind: 'local',
    state: 'stopped',
    wanted: false,
    phase: null,
    percent: null,
    done_bytes: null,
    total_bytes: null,
    estimate_seconds: null,
    started_by: null,
    runtime: 'none',
    stand_in: null,
    stand_in_reason: null,
    external_owner: null,
    door: null,
    door_variable: null,
    since: 1_700_000_000,
    stops_in_seconds: null,
    holders: [],
    models: [],
    gpu_vram_mib: null,
    problem: null,
    troubleshooting: '',
    last_word: null,
    barred_by: null,
    can_start: true,
    can_stop: false,
    can_build: false,
    gpus: [],
    missing_models: [],
    ...fields
  };
}

/** A notebook that uses a service, unless told otherwise. */
export function aHolder(fields: Partial<HolderView> = {}): HolderView {
  return {
    kind: 'kernel',
    label: 'image.ipynb',
    kernel_id: null,
    since: 1_700_000_000,
    active: true,
    strength: 'active',
    ends_at: null,
    ...fields
  };
}

/** Something that happened to ComfyUI. */
export function anEntry(fields: Partial<TimelineEntry> = {}): TimelineEntry {
  return {
    id: 1,
    at: 1_700_000_000,
    service: 'comfyui',
    event: 'ready',
    by: '',
    reason: '',
    code: null,
    seconds: null,
    ...fields
  };
}

export function aSnapshot(fields: Partial<StatusView> = {}): StatusView {
  return {
    instance: 'first life',
    revision: 10,
    version: '0.1.0',
    placement: 'embedded',
    person: 'ada',
    role: 'admin',
    mode: {
      effective: 'auto',
      scope: 'server',
      layers: [],
      enforced: false,
      choices: ['auto', 'local', 'cloud', 'demo', 'off']
    },
    services: [aService()],
    launches: [],
    questions: [],
    warnings: [],
    ...fields
  };
}

export function aLaunch(fields: Partial<LaunchView> = {}): LaunchView {
  return {
    launch_id: 'launch 1',
    kernel_id: 'kernel 1',
    path: 'image.ipynb',
    type: 'GENAI_BASIC',
    services: ['comfyui'],
    variables: ['COMFYUI_API_URL'],
    skipped: {},
    genai_mode: 'local',
    fallback_reason: null,
    reason: '',
    consent: null,
    cloud: null,
    no_cloud: null,
    state: 'live',
    since: 1_700_000_000,
    ...fields
  };
}

export function aProfile(fields: Partial<Profile> = {}): Profile {
  return {
    path: 'image.ipynb',
    type: 'GENAI_ADVANCED',
    needs_image_service: true,
    services: ['comfyui'],
    optional: [],
    widened: [],
    evidence: [
      {
        service: 'comfyui',
        cell: 2,
        line: 4,
        rule: 'route:/prompt',
        excerpt: 'requests.post(urljoin(base, "/prompt"))',
        strong: true
      }
    ],
    remote: false,
    remote_services: [],
    resources: { gpus: 0, vram_mib: 0, memory_mib: 0 },
    sections: [],
    mode: null,
    fallback: null,
    declared: false,
    metadata_digest: '',
    literal_addresses: [],
    note: '',
    unreadable: false,
    ...fields
  };
}

export function aConsent(fields: Partial<ConsentNeeded> = {}): ConsentNeeded {
  return {
    kind: 'metadata',
    path: 'image.ipynb',
    digest: 'abc',
    services: ['comfyui'],
    given: false,
    provider: '',
    title: '',
    model: '',
    reason: null,
    price_cents: null,
    data: '',
    policy_url: '',
    waiting: 0,
    ...fields
  };
}

/** An open notebook whose metadata says nothing, as the panel sees it. */
export function aNotebookView(fields: Partial<INotebookView> = {}): INotebookView {
  return {
    notebook: { name: 'image.ipynb', language: 'python', hasKernel: true },
    profile: aProfile(),
    problem: null,
    launch: aLaunch(),
    consent: 'open',
    usingCloud: false,
    teacher: { word: NO_WORD, lock: null, canUndo: false, open: false },
    ...fields
  };
}

/** A folder with a classic notebook and one that needs ComfyUI. */
export function anIndex(fields: Partial<FolderIndex> = {}): FolderIndex {
  const notebooks = fields.notebooks ?? [
    aProfile({ path: 'course/images.ipynb' }),
    aProfile({
      path: 'course/lists.ipynb',
      type: 'CLASSIC',
      services: [],
      evidence: []
    })
  ];
  const needing = notebooks.filter(profile => profile.services.length > 0).length;
  return {
    folder: 'course',
    notebooks,
    unavailable: {},
    stand_ins: {},
    totals: {
      notebooks: notebooks.length,
      needing,
      blocked: 0,
      unreadable: 0,
      by_type: { CLASSIC: notebooks.length - needing, GENAI_ADVANCED: needing },
      by_service: { comfyui: needing }
    },
    truncated: false,
    complete: true,
    ...fields
  };
}

export const NO_DOCKER = {
  code: 'docker_absent',
  message: 'No docker command was found.',
  remedy: 'Install Docker.',
  command: null
};

/** An idle GPU of 24 GiB. */
export function aGPU(fields: Partial<GPUView> = {}): GPUView {
  return {
    id: 'GPU-1',
    index: 0,
    name: 'NVIDIA RTX 4090',
    state: 'ok',
    total_mib: 24_576,
    used_mib: 512,
    free_mib: 24_064,
    busy_percent: 3,
    temperature_celsius: 41,
    power_watts: 28,
    power_limit_watts: 450,
    mig: 'off',
    parent: null,
    claims: [],
    users: [],
    history: [],
    ...fields
  };
}

export function aReading(fields: Partial<GPUsView> = {}): GPUsView {
  return {
    at: 1_700_000_000,
    stale_since: null,
    driver: '560.35',
    cuda: '12.6',
    problem: null,
    gpus: [aGPU()],
    ...fields
  };
}

/** The next job in line. */
export function aJob(fields: Partial<JobView> = {}): JobView {
  return {
    id: 'job-1',
    service: 'flux',
    kind: 'openai',
    state: 'waiting',
    position: 1,
    seconds: 12,
    since: 1_700_000_000,
    mine: true,
    label: 'course/first.ipynb',
    model: 'flux-1-dev',
    ...fields
  };
}

export function aFile(fields: Partial<WeightsFile> = {}): WeightsFile {
  return {
    folder: 'checkpoints',
    name: 'turbo.safetensors',
    state: 'missing',
    size_bytes: 6_900_000_000,
    done_bytes: 0,
    verified: false,
    source: 'huggingface.co stabilityai/sdxl-turbo',
    problem: null,
    ...fields
  };
}

/** A model of one file that is missing and may be fetched. */
export function aModel(fields: Partial<WeightsView> = {}): WeightsView {
  return {
    id: 'sdxl-turbo',
    title: 'SDXL Turbo',
    services: ['forge-turbo'],
    optional: false,
    state: 'missing',
    phase: null,
    percent: null,
    bytes_per_second: null,
    estimate_seconds: null,
    size_bytes: 6_900_000_000,
    missing_bytes: 6_900_000_000,
    licence: 'SAI NC',
    licence_url: 'https://example.org/licence',
    must_accept: false,
    accepted_by: null,
    accepted_at: null,
    gated: false,
    token_missing: false,
    can_fetch: true,
    problem: null,
    files: [aFile()],
    ...fields
  };
}

export function aList(fields: Partial<WeightsList> = {}): WeightsList {
  return {
    roots: [{ path: '/srv/models', free_bytes: 120e9, writable: true, problem: null }],
    models: [aModel()],
    problem: null,
    ...fields
  };
}

export function aPlanned(fields: Partial<PlannedService> = {}): PlannedService {
  return {
    service: 'comfyui',
    title: 'ComfyUI',
    fit: 'fits',
    gpus: ['GPU-1'],
    vram_mib: 12_288,
    memory_mib: 16_384,
    problem: null,
    ...fields
  };
}

export function aPlan(fields: Partial<PlanView> = {}): PlanView {
  return {
    services: [aPlanned()],
    together: [['comfyui']],
    apart: [],
    waits: [],
    notes: [],
    ...fields
  };
}

/** A healthy server of which a day is known, where nothing has happened. */
export function aHealth(fields: Partial<HealthView> = {}): HealthView {
  return {
    at: 1_700_086_400,
    overall_status: 'healthy',
    reasons: [],
    server_began: 1_700_000_000,
    window_began: 1_700_000_000,
    durable: true,
    services: {},
    metrics: {
      own: false,
      uptime_seconds: 86_400,
      classic_executions: 0,
      genai_executions: 0,
      hybrid_executions: 0,
      fallback_executions: 0,
      errors: 0,
      pictures: 0,
      failed_pictures: 0,
      engine_seconds: 0,
      waiting: 0,
      working: 0
    },
    integration: {
      zero_regression_maintained: true,
      genai_available: true,
      fallback_functional: true,
      launches_missed: 0
    },
    failures: [],
    ...fields
  };
}

/** The health of one service that has not been up. */
export function aServiceHealth(fields: Partial<ServiceHealth> = {}): ServiceHealth {
  return {
    title: 'ComfyUI',
    status: 'idle',
    state: 'absent',
    since: 1_700_000_000,
    stand_in: null,
    code: null,
    up_seconds: 0,
    up: [],
    ...fields
  };
}

/** What a cloud asks before it draws in place of a service that is not there. */
export function aQuestion(fields: Partial<ConsentNeeded> = {}): ConsentNeeded {
  return aConsent({
    kind: 'cloud',
    path: '',
    digest: 'terms',
    provider: 'openrouter',
    title: 'OpenRouter',
    model: 'openrouter/black-forest-labs/flux.2-pro',
    reason: {
      code: 'local_died',
      message: 'ComfyUI ended while it worked.',
      remedy: '',
      command: null
    },
    price_cents: 5,
    data: 'Prompts go to OpenRouter, Inc. in the United States.',
    policy_url: 'https://openrouter.example/privacy',
    ...fields
  });
}

/** What a model of a cloud costs. */
export function anOffer(fields: Partial<ModelInfo> = {}): ModelInfo {
  return {
    id: 'gpt-image-2',
    title: 'GPT Image 2',
    service: 'openai',
    available: true,
    reason: '',
    demo: false,
    cloud: true,
    price_cents: 4,
    edits: true,
    ...fields
  };
}

/** A quota of twenty pictures a day, of which twelve are left. */
export function anAllowance(fields: Partial<Allowance> = {}): Allowance {
  return {
    scope: 'person',
    name: 'ada',
    window: 'day',
    renews_at: null,
    pictures: 20,
    pictures_left: 12,
    gpu_seconds: null,
    gpu_seconds_left: null,
    cents: null,
    cents_left: null,
    ...fields
  };
}

/** One picture that was bought. */
export function aCharge(fields: Partial<ChargeView> = {}): ChargeView {
  return {
    id: 'charge 1',
    at: 1_700_000_000,
    person: 'ada',
    service: 'openai',
    model: 'gpt-image-2',
    state: 'settled',
    pictures: 1,
    gpu_seconds: 0,
    cents: 4,
    fallback: '',
    ...fields
  };
}

/** Somebody who has used nothing, and whom nothing limits. */
export function aUsage(fields: Partial<UsageView> = {}): UsageView {
  return {
    since: 1_700_000_000,
    pictures: 0,
    seconds: 0,
    failed: 0,
    services: [],
    cents: 0,
    unknown: 0,
    left: [],
    charges: [],
    ...fields
  };
}

/** A server without a class's policy. */
export function aPolicy(fields: Partial<PolicyView> = {}): PolicyView {
  return {
    course: '',
    fallback: 'ask',
    queue_seconds: null,
    models: null,
    quotas: [],
    text: { models: [], max_input_characters: 20_000, max_output_tokens: 1024 },
    enforced: false,
    source: '',
    read_at: null,
    problem: null,
    groups: [],
    ...fields
  };
}

/** A layer of the mode that says nothing. */
export function aLayer(fields: Partial<ModeLayer> = {}): ModeLayer {
  return {
    layer: 'operator',
    value: null,
    set_by: '',
    since: null,
    editable: false,
    ...fields
  };
}

/** One job that went well. */
export function aRow(fields: Partial<ExportRow> = {}): ExportRow {
  return {
    id: 'job 1',
    at: 1_700_000_000,
    person: 'ada',
    kind: 'openai',
    service: 'flux',
    model: 'flux-1-dev',
    outcome: 'done',
    code: '',
    seconds: 0,
    pictures: 1,
    state: '',
    gpu_seconds: 0,
    cents: 0,
    fallback: '',
    prompt: '',
    ...fields
  };
}
