import type { Page } from '@playwright/test';

import { panelOf } from './lab';

/** Routes of our REST API that tell of the machine. */
export const GPUS = '**/coursia-genai/api/v1/gpus*';
export const MODELS = '**/coursia-genai/api/v1/models*';
export const PLAN = '**/coursia-genai/api/v1/plan*';
const STATUS = '**/coursia-genai/api/v1/status*';

export const THEMES = '@jupyterlab/apputils-extension:themes';

const now = () => Date.now() / 1000;

/** Change what the server says of itself and of some services, by their names. */
export async function patchStatus(
  page: Page,
  services: Record<string, object>,
  fields: object = {}
): Promise<void> {
  await page.unroute(STATUS);
  await page.route(STATUS, async route => {
    const answer = await route.fetch();
    const snapshot = await answer.json();
    snapshot.services = snapshot.services.map((service: { name: string }) => ({
      ...service,
      ...services[service.name]
    }));
    await route.fulfill({ response: answer, json: { ...snapshot, ...fields } });
  });
}

/** Fold all sections of the panel away, but one. */
export async function showOnly(page: Page, title: string): Promise<void> {
  const toggles = panelOf(page).locator('.jp-GenAILab-section-toggle');
  await toggles.first().waitFor();
  for (const toggle of await toggles.all()) {
    const open = (await toggle.getAttribute('aria-expanded')) === 'true';
    const wanted = (await toggle.textContent())?.startsWith(title) ?? false;
    if (open !== wanted) {
      await toggle.click();
    }
  }
}

/** Make the panel as narrow as no side bar is; return whether something sticks out. */
export async function narrow(page: Page): Promise<boolean> {
  return panelOf(page).evaluate(node => {
    // JupyterLab itself never makes the side bar narrower than 250 px.
    node.style.minWidth = '0';
    node.style.maxWidth = '240px';
    return node.scrollWidth > node.clientWidth;
  });
}

/** One GPU as the server tells of it. */
export function aGPU(index: number, fields: object = {}) {
  return {
    id: `GPU-0000000${index}-aaaa`,
    index,
    name: 'NVIDIA GeForce RTX 4090',
    state: 'ok',
    total_mib: 24_564,
    used_mib: 460,
    free_mib: 24_104,
    busy_percent: 0,
    temperature_celsius: 36,
    power_watts: 21,
    power_limit_watts: 450,
    mig: 'off',
    parent: null,
    claims: [],
    users: [],
    history: [],
    ...fields
  };
}

/** Eight GPUs of a crowded machine: ours, another Lab's, strangers', a lost one, one in parts. */
export function aCrowdedMachine() {
  const history = Array.from({ length: 60 }, (_, step) => ({
    at: now() - 5 * (60 - step),
    used_mib: 18_000,
    busy_percent: step > 20 && step < 26 ? null : 50 + 45 * Math.sin(step / 6)
  }));
  const claim = { exclusive: false, ours: true, since: now() };
  const user = { pid: 1, service: null, owner: null };
  const parted = aGPU(5, {
    name: 'NVIDIA A100-SXM4-80GB',
    total_mib: 81_920,
    used_mib: 12_000,
    mig: 'on',
    busy_percent: null
  });
  const part = (index: number, fields: object) =>
    aGPU(index, {
      id: `MIG-${index}`,
      parent: parted.id,
      busy_percent: null,
      temperature_celsius: null,
      power_watts: null,
      power_limit_watts: null,
      ...fields
    });
  return {
    at: now(),
    stale_since: null as number | null,
    driver: '560.35.03',
    cuda: '12.6',
    problem: null as object | null,
    gpus: [
      aGPU(0, {
        used_mib: 19_800,
        busy_percent: 97,
        temperature_celsius: 78,
        power_watts: 412,
        history,
        claims: [
          { ...claim, service: 'comfyui-qwen', mib: 20_480 },
          { ...claim, service: 'forge-turbo', mib: 2048 }
        ],
        users: [
          { ...user, service: 'comfyui-qwen', label: 'comfyui-qwen', used_mib: 16_900 },
          { ...user, label: 'ollama', owner: 'marie', used_mib: 2300 }
        ]
      }),
      aGPU(1, {
        claims: [{ ...claim, service: 'flux', mib: 22_000, exclusive: true }]
      }),
      aGPU(2, {
        used_mib: 14_000,
        claims: [{ ...claim, service: 'sd35', mib: 18_000, ours: false }],
        users: [{ ...user, label: 'container 0123456789ab', used_mib: 13_500 }]
      }),
      aGPU(3, { state: 'lost', total_mib: null, used_mib: null }),
      aGPU(4, {
        users: [
          { ...user, label: "another user's program", used_mib: null },
          { ...user, label: 'python train.py', owner: 'paul', used_mib: 400 }
        ]
      }),
      parted,
      part(0, { name: '3g.40gb', total_mib: 40_192, used_mib: 12_000 }),
      part(1, { name: '1g.10gb', total_mib: 9728, used_mib: 13 }),
      aGPU(6),
      aGPU(7)
    ]
  };
}

/** One file of a model. */
export function aFile(fields: object = {}) {
  return {
    folder: 'diffusion_models',
    name: 'qwen_image_edit_2509_fp8_e4m3fn.safetensors',
    state: 'missing',
    size_bytes: 20_430_000_000,
    done_bytes: 0,
    verified: false,
    source: 'huggingface.co, Comfy-Org/Qwen-Image-Edit_ComfyUI',
    problem: null,
    ...fields
  };
}

/** One model that is missing. */
export function aModel(id: string, fields: object = {}) {
  return {
    id,
    title: id,
    services: ['comfyui-qwen'],
    optional: false,
    state: 'missing',
    phase: null,
    percent: null,
    bytes_per_second: null,
    estimate_seconds: null,
    size_bytes: 20_430_000_000,
    missing_bytes: 20_430_000_000,
    licence: 'Apache-2.0',
    licence_url: 'https://www.apache.org/licenses/LICENSE-2.0',
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
