import type { ModelInfo } from '../_wire';

import type { Requester } from './request';

/** Return the models that may be named in a call, with prices; `door` asks the OpenAI API. */
export async function getOffers(door: Requester): Promise<ModelInfo[]> {
  const { data } = await door<{ data: ModelInfo[] }>('models');
  return data;
}
