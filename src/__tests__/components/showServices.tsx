import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import * as React from 'react';

import type { ModelInfo, Profile, ServiceView, UsageView } from '../../_wire';
import { ServiceList } from '../../components/ServiceList';

const trans = nullTranslator.load('coursia_genai_lab');

/** The button of this name. */
export const button = (name: string | RegExp) => screen.getByRole('button', { name });

/** The problem of a service that failed. */
export const FAILED = {
  code: 'hung',
  message: 'It hung.',
  remedy: 'Start it.',
  command: null
};

/** Show the list of services; return what its buttons call. */
export function showServices(
  services: ServiceView[],
  profile: Profile | null = null,
  mayKeep = true,
  mayBuild = mayKeep,
  offers: ModelInfo[] | null = null,
  usage: UsageView | null = null
) {
  const actions = {
    onStart: jest.fn(),
    onStop: jest.fn(),
    onLogs: jest.fn(),
    onLetGo: jest.fn(),
    onBuild: jest.fn(),
    onCancelBuild: jest.fn(),
    onShowModels: jest.fn(),
    onServiceMenu: jest.fn()
  };
  render(
    <ServiceList
      services={services}
      profile={profile}
      person="ada"
      mayKeep={mayKeep}
      mayBuild={mayBuild}
      gpuNames={new Map([['GPU-1', 'GPU 0']])}
      offers={offers}
      usage={usage}
      trans={trans}
      {...actions}
    />
  );
  return actions;
}
