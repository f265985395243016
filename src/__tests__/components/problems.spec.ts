import { nullTranslator } from '@jupyterlab/translation';

import { problemHeadline } from '../../components/problems';
import { serverCodes } from '../server';

const trans = nullTranslator.load('coursia_genai_lab');
const UNKNOWN = problemHeadline('a code of a later version', trans);

/** Codes of calls that kernels, scripts and command lines make: the page never sees them. */
const ELSEWHERE = [
  'cancelled',
  'charge_ended',
  'charge_unknown',
  'generation_failed',
  'generation_unknown',
  'lab_unreachable',
  'model_not_found',
  'moderation_blocked',
  'timed_out',
  'token_missing',
  'token_refused',
  'too_many_tokens'
];

describe('the headline of a problem', () => {
  it('is known for every code that the server can send to the page', () => {
    const codes = serverCodes();
    expect(codes).toContain('docker_away');
    const missing = codes.filter(code => problemHeadline(code, trans) === UNKNOWN);
    expect(missing).toEqual(ELSEWHERE);
  });
});
