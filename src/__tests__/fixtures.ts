import type {
  ConsentNeeded,
  FolderIndex,
  HolderView,
  LaunchView,
  Profile,
  ServiceView,
  StatusView,
  TimelineEntry
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
    since: 1_700_000_000,
    stops_in_seconds: null,
    holders: [],
    models: [],
    gpu_vram_mib: null,
    problem: null,
    can_start: true,
    can_stop: false,
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
    ...fields
  };
}

/** An open notebook whose metadata says nothing, as the panel sees it. */
export function aNotebookView(fields: Partial<INotebookView> = {}): INotebookView {
  return {
    notebook: { name: 'image.ipynb', hasKernel: true },
    profile: aProfile(),
    problem: null,
    launch: aLaunch(),
    consent: 'open',
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
