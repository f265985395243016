import type { LaunchView, Profile, ServiceView, StatusView } from '../_wire';

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
    mode: null,
    declared: false,
    literal_addresses: [],
    note: '',
    ...fields
  };
}
