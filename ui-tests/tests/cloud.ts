import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'fs';
import type { Server } from 'http';
import { createServer } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';

import type { APIRequestContext, APIResponse } from '@playwright/test';

import { OwnServer } from './ownServer';

const CATALOGUE = join(__dirname, '../../coursia_genai_lab/catalog/services');

/** One red pixel. */
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

const MODELS = ['gpt-image-2', 'gpt-image-1-mini'];

/** A model of the provider, and what people are asked before it draws. */
export const MODEL = 'gpt-image-1-mini';

/** A JupyterLab whose Lab has the key of a provider, which draws on this machine. */
export class CloudServer {
  private folder = mkdtempSync(join(tmpdir(), 'genai-cloud-'));
  private provider: Server | null = null;
  private server: OwnServer | null = null;
  /** How often the provider was asked to draw. */
  sold = 0;

  constructor(
    private readonly policy: string,
    private readonly models = MODELS
  ) {}

  get origin(): string {
    return this.server?.origin ?? '';
  }

  async start(): Promise<void> {
    const url = await this.sell();
    const [services, secrets, policy] = ['services', 'secrets', 'class.toml'].map(
      name => join(this.folder, name)
    );
    mkdirSync(services, { mode: 0o700 });
    mkdirSync(secrets, { mode: 0o700 });
    const spec = readFileSync(join(CATALOGUE, 'openai.toml'), 'utf-8');
    writeFileSync(
      join(services, 'openai.toml'),
      spec.replace('https://api.openai.com', url)
    );
    const keys = join(secrets, '.env.genai-extension');
    writeFileSync(keys, 'OPENAI_API_KEY=planted-for-the-browser\n', { mode: 0o600 });
    writeFileSync(policy, this.policy);
    chmodSync(policy, 0o600);
    this.server = new OwnServer([
      ...['--set', `GenAILab.services_path=${services}`],
      ...['--set', `GenAILab.secrets_path=${secrets}`],
      ...['--set', `GenAILab.policy_source=${policy}`]
    ]);
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.provider?.closeAllConnections();
    this.provider?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ask for a picture as a script would; the answer may be held until a person has answered. */
  draw(request: APIRequestContext, model = MODEL): Promise<APIResponse> {
    return request.post(`${this.origin}/coursia-genai/openai/v1/images/generations`, {
      headers: { Authorization: 'token browser-tests' },
      data: { prompt: 'a red fox', model },
      timeout: 90_000
    });
  }

  private async sell(): Promise<string> {
    const provider = createServer((asked, answer) => {
      asked.resume().on('end', () => {
        answer.setHeader('Content-Type', 'application/json');
        this.sold += asked.method === 'POST' ? 1 : 0;
        answer.end(
          JSON.stringify(asked.method === 'POST' ? DRAWN : listed(this.models))
        );
      });
    });
    this.provider = provider;
    await new Promise<void>(resolve =>
      provider.listen(0, '127.0.0.1', () => resolve())
    );
    return `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  }
}

const DRAWN = {
  created: 1,
  data: [{ b64_json: PICTURE }],
  usage: {
    input_tokens: 4,
    output_tokens: 1756,
    input_tokens_details: { text_tokens: 4, image_tokens: 0 }
  }
};

const listed = (models: string[]) => ({
  object: 'list',
  data: models.map(id => ({ id, object: 'model', created: 1, owned_by: 'openai' }))
});
