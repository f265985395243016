import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What went wrong, in the reader's language; the server's own sentence stands beside it.
 *
 * Codes are those of `coursia_genai_lab.errors` and of the runtimes.
 */
export function problemHeadline(code: string, trans: TranslationBundle): string {
  switch (code) {
    case 'docker_absent':
      return trans.__('There is no Docker on this machine');
    case 'docker_not_running':
    case 'docker_away':
      return trans.__('Docker is not running');
    case 'docker_forbidden':
      return trans.__('Docker does not let this server in');
    case 'docker_hangs':
      return trans.__('Docker does not answer');
    case 'docker_refused':
      return trans.__('Docker refused to start it');
    case 'gpu_runtime_missing':
      return trans.__('Docker cannot use the GPU');
    case 'disk_full':
      return trans.__('The disk is full');
    case 'no_key':
      return trans.__('A key is missing');
    case 'external_unreachable':
    case 'external_wrong_dialect':
      return trans.__('The server that should run it does not answer as expected');
    case 'door_moved':
      return trans.__('An address is not the usual one');
    case 'kernels_elsewhere':
      return trans.__('Kernels run on another machine');
    case 'too_many_services':
      return trans.__('Too many services run already');
    case 'mode_off':
      return trans.__('The mode is off');
    case 'in_use':
      return trans.__('It is in use');
    case 'runtime_unavailable':
      return trans.__('What runs this service is not available');
    case 'image_missing':
      return trans.__('The image of this service is not on this machine');
    case 'port_taken':
      return trans.__('Another program uses the port');
    case 'service_died':
      return trans.__('The service ended unexpectedly');
    case 'start_timed_out':
      return trans.__('The service did not answer in time');
    case 'service_not_ready':
      return trans.__('The service is still starting');
    case 'nothing_installed':
      return trans.__('Nothing on this machine can run this service');
    case 'not_allowed':
    case 'forbidden':
      return trans.__('Not allowed');
    case 'conflict':
      return trans.__('Not possible right now');
    case 'not_found':
      return trans.__('Not found');
    case 'bad_spec':
    case 'configuration_error':
    case 'services_path_missing':
    case 'services_path_in_root':
      return trans.__('A setting of this server is wrong');
    case 'name_taken':
    case 'network_taken':
      return trans.__('A name is already taken on this Docker engine');
    case 'docker_remote':
      return trans.__('Docker runs on another machine');
    case 'no_port':
    case 'no_subnet':
      return trans.__('There is no free address');
    case 'process_hangs':
    case 'container_stays':
      return trans.__('The service does not stop');
    case 'disk_refuses':
      return trans.__('The disk refuses a file that is needed');
    case 'not_examined':
    case 'take_over_failed':
      return trans.__('Not everything could be examined');
    case 'unreachable':
      return trans.__('The server does not answer');
    default:
      return trans.__('Something needs attention');
  }
}
