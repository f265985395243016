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
const STARTS_WITHIN = 100_000;
const ENDS_WITHIN = 30_000;
/** How much of what a server says is kept for the day it fails. */
const KEPT = 4000;

/** A Jupyter server with folders and a port of its own, which its owner may restart. */
export class OwnServer {
  private address = '';
  private said = '';
  private child: ChildProcess | null = null;

  /** `options` are words for `serve.py`. */
  constructor(private readonly options: string[] = []) {}

  /** Where it listens; the operating system chose the port. */
  get origin(): string {
    return this.address;
  }

  /** Start it and wait until it answers. */
  async start(): Promise<void> {
    const child = spawn(PYTHON, ['serve.py', '--attached', ...this.options], {
      cwd: HERE
    });
    this.child = child;
    let told = '';
    child.stdout.on('data', data => {
      told += data;
      this.address = /^(http:\S+)\n/m.exec(told)?.[1] ?? '';
    });
    child.stderr.on('data', data => {
      this.said = (this.said + data).slice(-KEPT);
      if (process.env.UI_TEST_LOGS) {
        process.stderr.write(data);
      }
    });
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
      const killed = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN);
      await ended;
      clearTimeout(killed);
    }
  }

  private async answers(wanted: boolean): Promise<void> {
    const deadline = Date.now() + STARTS_WITHIN;
    while ((await this.asked()) !== wanted) {
      if (Date.now() > deadline || this.child?.exitCode !== null) {
        throw new Error(
          `The server did not ${wanted ? 'start' : 'end'}.\n${this.said}`
        );
      }
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  private asked(): Promise<boolean> {
    if (this.address === '') {
      return Promise.resolve(false);
    }
    return new Promise(resolve => {
      get(`${this.address}/api`, answer => {
        answer.resume();
        resolve(answer.statusCode === 200);
      }).on('error', () => resolve(false));
    });
  }
}
