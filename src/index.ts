import { builds } from './plugins/builds';
import { clouds } from './plugins/clouds';
import { consent } from './plugins/consent';
import { course } from './plugins/course';
import { dashboard } from './plugins/dashboard';
import { helper } from './plugins/helper';
import { kernel } from './plugins/kernel';
import { lab } from './plugins/lab';
import { launch } from './plugins/launch';
import { mode } from './plugins/mode';
import { models } from './plugins/models';
import { needs } from './plugins/needs';
import { panel } from './plugins/panel';
import { pins } from './plugins/pins';
import { services } from './plugins/services';
import { statusbar } from './plugins/statusbar';
import { toolbar } from './plugins/toolbar';
import { usage } from './plugins/usage';

export { IGenAILab } from './tokens';

export default [
  lab,
  panel,
  dashboard,
  services,
  pins,
  builds,
  models,
  mode,
  kernel,
  helper,
  needs,
  consent,
  clouds,
  usage,
  course,
  launch,
  statusbar,
  toolbar
];
