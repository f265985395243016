import { builds } from './plugins/builds';
import { consent } from './plugins/consent';
import { course } from './plugins/course';
import { dashboard } from './plugins/dashboard';
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
  needs,
  consent,
  course,
  launch,
  statusbar,
  toolbar
];
