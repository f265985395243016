import { kernel } from './plugins/kernel';
import { lab } from './plugins/lab';
import { launch } from './plugins/launch';
import { mode } from './plugins/mode';
import { panel } from './plugins/panel';
import { services } from './plugins/services';
import { statusbar } from './plugins/statusbar';
import { toolbar } from './plugins/toolbar';

export { IGenAILab } from './tokens';

export default [lab, panel, services, mode, kernel, launch, statusbar, toolbar];
