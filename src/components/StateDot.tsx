import * as React from 'react';

import type { ServiceState } from '../_wire';

/** A state as shape and colour, for the eye only: words always stand beside it. */
export function StateDot(props: { state: ServiceState }): JSX.Element {
  return (
    <span className="jp-GenAILab-dot" data-state={props.state} aria-hidden="true" />
  );
}
