import { LabIcon } from '@jupyterlab/ui-components';

import genaiSvg from '../style/icons/genai.svg';

/** A picture with a spark: the sign of this extension. */
export const genaiIcon = new LabIcon({
  name: 'coursia-genai-lab:genai',
  svgstr: genaiSvg
});
