import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';

import * as ts from 'typescript';

const ROOT = join(__dirname, '..', '..');

/** What JupyterLab puts between a context and a text. */
const CONTEXT_END = '\u0004';

/** Every English text of `src/` and `schema/`, as the key under which it is translated. */
export function englishTexts(): string[] {
  const texts = new Set<string>();
  for (const path of sources(join(ROOT, 'src'))) {
    const source = ts.createSourceFile(
      path,
      readFileSync(path, 'utf-8'),
      ts.ScriptTarget.ES2020,
      true
    );
    collect(source, texts);
  }
  for (const name of readdirSync(join(ROOT, 'schema'))) {
    const schema = JSON.parse(readFileSync(join(ROOT, 'schema', name), 'utf-8'));
    collectSchema(schema, texts);
  }
  return [...texts].sort();
}

/** The French catalogue: its head, and its translations by key. */
export function frenchCatalogue(): {
  head: Record<string, string>;
  texts: Record<string, string[]>;
} {
  const path = join(
    ROOT,
    'coursia_genai_lab/locale/fr_FR/LC_MESSAGES/coursia_genai_lab.json'
  );
  const { '': head, ...texts } = JSON.parse(readFileSync(path, 'utf-8'));
  return { head, texts };
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === '__tests__' ? [] : sources(path);
    }
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function collect(node: ts.Node, texts: Set<string>): void {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name } = node.expression;
    const [first] = node.arguments;
    if (name.text === '__' || name.text === '_n') {
      if (!first || !ts.isStringLiteralLike(first)) {
        throw new Error(`Not a plain text: ${node.getText()}`);
      }
      texts.add(first.text);
    }
  }
  ts.forEachChild(node, child => collect(child, texts));
}

function collectSchema(value: unknown, texts: Set<string>): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const shown = ['title', 'description', 'jupyter.lab.setting-icon-label'];
    if (shown.includes(key) && typeof child === 'string') {
      texts.add(`schema${CONTEXT_END}${child}`);
    } else {
      collectSchema(child, texts);
    }
  }
}
