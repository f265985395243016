import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { once } from 'events';
import { existsSync } from 'fs';
import { get } from 'http';
import { join } from 'path';

const HERE = join(__dirname, '..');
const VENV = join(HERE, '..', '.venv', 'bin', 'python');
export const PYTHON =
  process.env.UI_TEST_PYTHON ?? (existsSync(VENV) ? VENV : 'python3');
const STARTS_WITHIN = 60_000;

/** A JupyterLab of one test's own, which it may restart and kill. */
export class OwnServer {
  readonly origin: string;
  private child: ChildProcess | null = null;

  constructor(
    private readonly port: number,
    private readonly options: string[] = []
  ) {
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** Start it and wait until it answers. */
  async start(): Promise<void> {
    const words = ['serve.py', '--port', String(this.port), ...this.options];
    this.child = spawn(PYTHON, words, { cwd: HERE, stdio: 'ignore' });
    await this.answers(true);
  }

  /** Let the same server, with its notebooks and settings, end and begin anew. */
  async restart(): Promise<void> {
    this.child?.kill('SIGHUP');
    await this.answers(false);
    await this.answers(true);
  }

  /** End it, and what it started. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (child !== null && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  }

  private async answers(wanted: boolean): Promise<void> {
    const deadline = Date.now() + STARTS_WITHIN;
    while ((await this.asked()) !== wanted) {
      if (Date.now() > deadline) {
        throw new Error(
          `The server on port ${this.port} did not ${wanted ? 'start' : 'end'}.`
        );
      }
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  private asked(): Promise<boolean> {
    return new Promise(resolve => {
      get(`${this.origin}/api`, answer => {
        answer.resume();
        resolve(answer.statusCode === 200);
      }).on('error', () => resolve(false));
    });
  }
}
