import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const PREFIX = 'coursia-genai/api/v1';

/** Where the OpenAI-compatible API answers pages. */
export const OPENAI_PREFIX = 'coursia-genai/openai/v1';

/** What goes with a request, besides its path. */
export interface IRequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  query?: Record<string, string | number>;
  body?: unknown;
}

/** Ask our REST API; the answer is typed by the caller, who names the wire shape. */
export type Requester = <T>(path: string, options?: IRequestOptions) => Promise<T>;

/** A request that failed: what happened, and what helps. */
export class ApiError extends Error {
  constructor(
    /** A stable word: the server's, or `unreachable`, `extension_off`, `forbidden`, `http_error`. */
    readonly code: string,
    message: string,
    readonly remedy: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Ask our REST API for a file; its content is for a person to keep. */
export type Download = (path: string, options?: IRequestOptions) => Promise<Blob>;

/**
 * Return a requester for one server; it throws `ApiError` and nothing else.
 *
 * `nameOf` says what a title of the server is called in the reader's language.
 */
export function makeRequester(
  settings: ServerConnection.ISettings,
  prefix = PREFIX,
  nameOf = (title: string) => title
): Requester {
  return async <T>(path: string, options: IRequestOptions = {}): Promise<T> => {
    const response = await send(settings, prefix, path, options);
    const data = await parse(response, nameOf);
    if (!response.ok) {
      throw failure(response, data);
    }
    return data as T;
  };
}

/** Return what fetches files of one server; it throws `ApiError` and nothing else. */
export function makeDownload(settings: ServerConnection.ISettings): Download {
  return async (path, options = {}) => {
    const response = await send(settings, PREFIX, path, options);
    if (!response.ok) {
      throw failure(response, await parse(response));
    }
    return response.blob();
  };
}

async function send(
  settings: ServerConnection.ISettings,
  prefix: string,
  path: string,
  options: IRequestOptions
): Promise<Response> {
  const query = options.query ? URLExt.objectToQueryString({ ...options.query }) : '';
  const url = URLExt.join(settings.baseUrl, prefix, path) + query;
  const init: RequestInit = { method: options.method ?? 'GET' };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
  }
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    throw new ApiError('unreachable', String(error), '', 0);
  }
}

async function parse(
  response: Response,
  nameOf?: (title: string) => string
): Promise<unknown> {
  const text = await response.text();
  try {
    return text
      ? JSON.parse(text, (key, value) =>
          key === 'title' && value ? (nameOf?.(value) ?? value) : value
        )
      : null;
  } catch {
    // An HTML page: a proxy's, or Jupyter's own for a route that does not exist.
    return null;
  }
}

function failure(response: Response, data: unknown): ApiError {
  const told = (data as { error?: Record<string, unknown> } | null)?.error;
  if (told && typeof told === 'object' && typeof told.code === 'string') {
    const message = typeof told.message === 'string' ? told.message : told.code;
    const remedy = typeof told.remedy === 'string' ? told.remedy : '';
    return new ApiError(told.code, message, remedy, response.status);
  }
  const code =
    response.status === 404
      ? 'extension_off'
      : response.status === 401 || response.status === 403
        ? 'forbidden'
        : 'http_error';
  const message = `${response.status} ${response.statusText}`.trim();
  return new ApiError(code, message, '', response.status);
}
