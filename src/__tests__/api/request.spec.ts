import { ServerConnection } from '@jupyterlab/services';

import { setMode } from '../../api/mode';
import { profileNotebook } from '../../api/notebooks';
import type { ApiError } from '../../api/request';
import { makeRequester } from '../../api/request';
import { getLogs, getStatus, stopService } from '../../api/services';

/** A server that answers every request alike, and remembers them. */
function serverAnswering(status: number, body: string) {
  const seen: { url: string; method: string; body: string | null }[] = [];
  const fetch = async (input: RequestInfo): Promise<Response> => {
    const asked = input as Request;
    const sent = asked.method === 'GET' ? null : await asked.text();
    // JupyterLab adds the time to every address, against caches.
    const url = asked.url.replace(/[?&]\d+$/, '');
    seen.push({ url, method: asked.method, body: sent });
    return new Response(body, { status });
  };
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://localhost:8888/user/ada/',
    fetch
  });
  return { request: makeRequester(settings), seen };
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    error => error as ApiError
  );
}

describe('the requester', () => {
  it('asks under the base URL of the server', async () => {
    const { request, seen } = serverAnswering(200, '{"revision": 3}');
    await expect(getStatus(request)).resolves.toEqual({ revision: 3 });
    expect(seen[0].url).toBe(
      'http://localhost:8888/user/ada/coursia-genai/api/v1/status'
    );
  });

  it('calls things as the language of the page does', async () => {
    const body = '{"services": [{"name": "demo", "title": "Demo engine"}]}';
    const fetch = async () => new Response(body);
    const settings = ServerConnection.makeSettings({ fetch });
    const nameOf = (title: string) => title.toUpperCase();
    const request = makeRequester(settings, undefined, nameOf);
    await expect(getStatus(request)).resolves.toEqual({
      services: [{ name: 'demo', title: 'DEMO ENGINE' }]
    });
  });

  it('sends a command as JSON and escapes the name', async () => {
    const { request, seen } = serverAnswering(202, '{"revision": 4}');
    await stopService(request, 'odd/name', true);
    expect(seen[0]).toEqual({
      url: 'http://localhost:8888/user/ada/coursia-genai/api/v1/services/odd%2Fname/stop',
      method: 'POST',
      body: '{"force":true}'
    });
  });

  it('puts what it asks for into the query', async () => {
    const { request, seen } = serverAnswering(200, '{"service": "demo", "lines": []}');
    await getLogs(request, 'demo', 50);
    expect(seen[0].url).toMatch(/services\/demo\/logs\?tail=50$/);
  });

  it('clears the own choice of a mode with null', async () => {
    const { request, seen } = serverAnswering(200, '{}');
    await setMode(request, null);
    expect(JSON.parse(seen[0].body ?? '')).toEqual({ layer: 'person', value: null });
  });

  it('sends a notebook without its outputs', async () => {
    const { request, seen } = serverAnswering(200, '{}');
    await profileNotebook(request, 'a b/x.ipynb', {
      metadata: { genai: {} },
      cells: [{ cell_type: 'code', source: 'print(1)' }]
    });
    expect(seen[0].url).toMatch(/notebooks\/profile\?path=a%20b%2Fx\.ipynb$/);
    const sent = JSON.parse(seen[0].body ?? '');
    expect(sent.nbformat).toBe(4);
    expect(sent.cells).toEqual([
      { cell_type: 'code', source: 'print(1)', metadata: {}, outputs: [] }
    ]);
  });

  it("hands on the server's code, sentence and remedy", async () => {
    const { request } = serverAnswering(
      409,
      '{"error": {"code": "conflict", "message": "In use.", "remedy": "Wait."}}'
    );
    const failure = await failureOf(stopService(request, 'demo', false));
    expect(failure).toMatchObject({
      code: 'conflict',
      message: 'In use.',
      remedy: 'Wait.',
      status: 409
    });
  });

  it.each([
    [404, '<html>Not Found</html>', 'extension_off'],
    [403, '', 'forbidden'],
    [502, '<html>Bad Gateway</html>', 'http_error']
  ])('names a bare %i', async (status, body, code) => {
    const { request } = serverAnswering(status, body);
    expect((await failureOf(getStatus(request))).code).toBe(code);
  });

  it('tells a server that does not answer from one that refuses', async () => {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://localhost:8888/',
      fetch: () => Promise.reject(new TypeError('connection refused'))
    });
    const failure = await failureOf(getStatus(makeRequester(settings)));
    expect(failure).toMatchObject({ code: 'unreachable', status: 0 });
  });
});
