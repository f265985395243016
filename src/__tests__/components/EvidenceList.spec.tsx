import { cleanup, fireEvent, screen, within } from '@testing-library/react';

import { aProfile, aService } from '../fixtures';

import { showNotebook } from './showNotebook';

describe('the evidence of a notebook', () => {
  it('does not deny the evidence of the code where the metadata decides', () => {
    showNotebook({ profile: aProfile({ declared: true }) });
    expect(
      screen.getByText('The notebook’s metadata decides, whatever its code shows.')
    ).toBeTruthy();
    expect(screen.getAllByRole('button', { name: /^Cell \d/ }).length).toBeGreaterThan(
      0
    );
  });

  it('leads from a piece of evidence to its line', () => {
    const { onReveal } = showNotebook();
    fireEvent.click(screen.getByRole('button', { name: /Cell 3, line 4/ }));
    expect(onReveal).toHaveBeenCalledWith(
      expect.objectContaining({ cell: 2, line: 4 })
    );
  });

  it('shows one line once, with all rules that point at it', () => {
    const [first] = aProfile().evidence;
    showNotebook({
      profile: aProfile({ evidence: [first, { ...first, rule: 'node:KSampler' }] })
    });
    const line = screen.getByRole('button', { name: /Cell 3, line 4/ });
    expect(line.title).toContain('Calls the route /prompt');
    expect(line.title).toContain('Holds the ComfyUI node KSampler');
  });

  it('shows a few places first and all on demand', () => {
    const [first] = aProfile().evidence;
    const evidence = Array.from({ length: 9 }, (_, cell) => ({ ...first, cell }));
    showNotebook({ profile: aProfile({ evidence }) });
    expect(screen.getAllByRole('button', { name: /Cell/ })).toHaveLength(5);
    fireEvent.click(screen.getByRole('button', { name: 'Show 4 more places' }));
    expect(screen.getAllByRole('button', { name: /Cell/ })).toHaveLength(9);
  });

  it('points at addresses that no variable can reach', () => {
    const [first] = aProfile().evidence;
    showNotebook({
      profile: aProfile({ literal_addresses: [{ ...first, cell: 6, line: 0 }] })
    });
    expect(screen.getByText('Addresses that no variable can reach')).toBeTruthy();
    expect(screen.getByRole('button', { name: /Cell 7/ })).toBeTruthy();
  });

  it('shows code from a notebook as text', () => {
    const [first] = aProfile().evidence;
    const excerpt = '<img src=x onerror=alert(1)>';
    showNotebook({ profile: aProfile({ evidence: [{ ...first, excerpt }] }) });
    expect(screen.getByText(excerpt)).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
  });

  it('says in words why a line counts as it does, and where a file nearby decides', () => {
    const [first] = aProfile().evidence;
    showNotebook({
      profile: aProfile({
        evidence: [
          { ...first, rule: 'switch:off' },
          {
            ...first,
            cell: -1,
            line: 0,
            rule: 'remote:.env',
            excerpt: 'COMFYUI_API_URL'
          },
          { ...first, cell: -1, line: 0, rule: 'metadata', excerpt: 'metadata.genai' }
        ]
      })
    });
    expect(screen.getByText('Stands behind a switch that is off')).toBeTruthy();
    expect(screen.getByText('The nearest .env file')).toBeTruthy();
    expect(screen.getByText('Names a hosted server for the notebook')).toBeTruthy();
    expect(screen.getByText('Notebook metadata')).toBeTruthy();
  });

  it('shows where a notebook turns, and leads there', () => {
    const { onReveal } = showNotebook({
      profile: aProfile({
        sections: [
          { kind: 'classic', first_cell: 0, last_cell: 3, services: [] },
          { kind: 'genai', first_cell: 4, last_cell: 4, services: ['comfyui'] }
        ]
      })
    });
    const turns = screen.getByRole('list', { name: 'Where it turns' });
    expect(
      within(turns).getByRole('button', { name: 'Cells 1 to 4 Classic' })
    ).toBeTruthy();
    fireEvent.click(within(turns).getByRole('button', { name: 'Cell 5 ComfyUI' }));
    expect(onReveal).toHaveBeenCalledWith({ cell: 4, line: 1 });
  });

  it('shows no turns where there are none, and the first of many', () => {
    const section = { kind: 'genai' as const, services: ['comfyui'] };
    const sections = Array.from({ length: 20 }, (_, index) => ({
      ...section,
      first_cell: index,
      last_cell: index
    }));
    showNotebook({ profile: aProfile({ sections: sections.slice(0, 1) }) });
    expect(screen.queryByRole('list', { name: 'Where it turns' })).toBeNull();
    showNotebook({ profile: aProfile({ sections }) });
    const turns = screen.getByRole('list', { name: 'Where it turns' });
    expect(within(turns).getAllByRole('button')).toHaveLength(8);
    fireEvent.click(screen.getByRole('button', { name: 'Show 12 more parts' }));
    expect(within(turns).getAllByRole('button')).toHaveLength(20);
  });

  it('gives the line that replaces a fixed address', () => {
    const [first] = aProfile().evidence;
    const literal = {
      ...first,
      rule: 'literal',
      excerpt: 'SERVER = "http://127.0.0.1:8188/prompt"'
    };
    const fields = {
      services: [aService({ door_variable: 'COMFYUI_API_URL' })],
      profile: aProfile({ literal_addresses: [literal] })
    };
    const line = 'SERVER = os.environ["COMFYUI_API_URL"] + "/prompt"';
    showNotebook(fields);
    expect(screen.getByText(line)).toBeTruthy();
    cleanup();
    showNotebook({
      ...fields,
      notebook: { name: 'a', language: 'csharp', hasKernel: true }
    });
    expect(screen.queryByText(line)).toBeNull();
  });
});
