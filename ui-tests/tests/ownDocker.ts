import type { ChildProcess } from 'child_process';
import { spawn } from 'child_process';
import { once } from 'events';
import { join } from 'path';

import { PYTHON } from './ownServer';

const HERE = join(__dirname, '..');

/** A Docker engine of one test's own, which begins to answer at a path when it is told to. */
export class OwnDocker {
  private child: ChildProcess | null = null;

  constructor(readonly socket: string) {}

  /** Start it and wait until it answers; return why it cannot run here, or null. */
  async start(): Promise<string | null> {
    const child = spawn(PYTHON, ['docker_here.py', this.socket], { cwd: HERE });
    this.child = child;
    let said = '';
    child.stderr.on('data', data => (said += data));
    const answers = once(child.stdout, 'data').then(() => null);
    const ends = once(child, 'exit').then(() => said.trim() || 'the engine ended');
    return Promise.race([answers, ends]);
  }

  /** End it with all that it runs. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = null;
    if (child !== null && child.exitCode === null) {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    }
  }
}
