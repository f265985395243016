import { PromiseDelegate } from '@lumino/coreutils';

import type { IDisposable } from '@lumino/disposable';

import { ApiError } from '../../api/request';
import {
  askedOf,
  cloudOf,
  ConsentModel,
  keyOf,
  questionsOf
} from '../../model/consents';
import { aConsent, aLaunch, aQuestion, aSnapshot } from '../fixtures';

const models: IDisposable[] = [];

function aModel(options: Partial<ConsentModel.IOptions> = {}): ConsentModel {
  const model = new ConsentModel({ give: jest.fn(), ...options });
  models.push(model);
  return model;
}

afterEach(() => {
  models.splice(0).forEach(model => model.dispose());
});

describe('the consents of a page', () => {
  it('asks what a launch waits for, and nothing that was given', () => {
    expect(askedOf(undefined)).toBeNull();
    expect(askedOf(aLaunch())).toBeNull();
    expect(askedOf(aLaunch({ consent: aConsent({ given: true }) }))).toBeNull();
    expect(askedOf(aLaunch({ consent: aConsent() }))?.digest).toBe('abc');
  });

  it('offers a cloud until it was allowed, and asks what clouds need now', () => {
    expect(cloudOf(undefined)).toBeNull();
    expect(cloudOf(aLaunch({ cloud: aQuestion({ given: true }) }))).toBeNull();
    expect(cloudOf(aLaunch({ cloud: aQuestion() }))?.provider).toBe('openrouter');
    expect(questionsOf(null)).toEqual([]);
    const questions = [aQuestion(), aQuestion({ digest: 'other', given: true })];
    expect(questionsOf(aSnapshot({ questions }))).toEqual([aQuestion()]);
  });

  it('takes the same terms of a cloud for one question, whoever raises it', () => {
    expect(keyOf(aQuestion({ path: 'a.ipynb' }))).toBe(keyOf(aQuestion()));
    expect(keyOf(aQuestion({ kind: 'upload' }))).not.toBe(keyOf(aQuestion()));
    expect(keyOf(aQuestion({ provider: 'openai' }))).not.toBe(keyOf(aQuestion()));
    expect(keyOf(aQuestion({ digest: 'dearer' }))).not.toBe(keyOf(aQuestion()));
  });

  it('remembers what was declined, and asks anew what has changed', () => {
    const model = aModel();
    model.decline(aConsent());
    expect(model.isDeclined(aConsent())).toBe(true);
    expect(model.isDeclined(aConsent({ digest: 'other' }))).toBe(false);
  });

  it('sends one answer, however often one clicks', async () => {
    const answered = new PromiseDelegate<void>();
    const give = jest.fn(() => answered.promise);
    const model = aModel({ give });
    const first = model.give(aConsent());
    await model.give(aConsent());
    expect(model.isBusy(aConsent())).toBe(true);
    answered.resolve();
    await first;
    expect(give).toHaveBeenCalledTimes(1);
    expect(model.isBusy(aConsent())).toBe(false);
  });

  it('may be tried again after a refusal', async () => {
    const refusal = new ApiError('conflict', 'It says something else.', '', 409);
    const give = () => Promise.reject(refusal);
    const model = aModel({ give });
    await expect(model.give(aConsent())).rejects.toBe(refusal);
    expect(model.isBusy(aConsent())).toBe(false);
  });
});
