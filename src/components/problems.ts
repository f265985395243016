import type { TranslationBundle } from '@jupyterlab/translation';

import { cloudHeadline } from './cloudProblems';
import { machineHeadline } from './machineProblems';

/**
 * What went wrong, in the reader's language; the server's own sentence stands beside it.
 *
 * Codes are those of `coursia_genai_lab.errors` and of the runtimes.
 */
export function problemHeadline(code: string, trans: TranslationBundle): string {
  switch (code) {
    case 'docker_absent':
      return trans.__('Docker is needed');
    case 'docker_not_running':
    case 'docker_away':
      return trans.__('Docker is not running');
    case 'docker_forbidden':
      return trans.__('Docker does not let this server in');
    case 'docker_hangs':
      return trans.__('Docker does not answer');
    case 'docker_refused':
      return trans.__('Docker refused to start it');
    case 'podman_init_missing':
      return trans.__('Podman lacks a program that it needs');
    case 'mount_missing':
      return trans.__('A folder that the service needs is not there');
    case 'image_unknown':
      return trans.__('No registry has the image of this service');
    case 'image_other_platform':
      return trans.__('The image is made for another kind of machine');
    case 'registry_away':
      return trans.__('The registry of images does not answer');
    case 'registry_rate_limited':
      return trans.__('The registry of images wants a pause');
    case 'registry_unauthorized':
      return trans.__('The registry of images wants a login');
    case 'registry_untrusted':
      return trans.__('The registry of images cannot prove who it is');
    case 'pull_interrupted':
      return trans.__('The download of the image broke off');
    case 'pull_failed':
      return trans.__('The image could not be downloaded');
    case 'gpu_runtime_missing':
      return trans.__('Docker cannot use the GPU');
    case 'disk_full':
      return trans.__('The disk is full');
    case 'no_key':
      return trans.__('A key is missing');
    case 'external_unreachable':
    case 'external_wrong_dialect':
      return trans.__('The server that should run it does not answer as expected');
    case 'external_foreign':
      return trans.__('A server runs here, but it belongs to somebody else');
    case 'external_locked':
      return trans.__('A server runs here, but it wants a token');
    case 'no_neighbour':
      return trans.__('Nobody runs it on this machine');
    case 'door_moved':
      return trans.__('An address is not the usual one');
    case 'kernels_elsewhere':
      return trans.__('Kernels run on another machine');
    case 'too_many_services':
      return trans.__('Too many services run already');
    case 'mode_off':
      return trans.__('The mode is off');
    case 'mode_local':
    case 'mode_cloud':
    case 'mode_demo':
      return trans.__('The mode does not allow it');
    case 'in_use':
      return trans.__('It is in use');
    case 'runtime_unavailable':
      return trans.__('What runs this service is not available');
    case 'image_missing':
      return trans.__('The image of this service is not on this machine');
    case 'port_taken':
      return trans.__('Another program uses the port');
    case 'service_died':
    case 'process_ended':
      return trans.__('The service ended unexpectedly');
    case 'service_error':
      return trans.__('The service cannot do what was asked');
    case 'hung':
      return trans.__('The service stopped making progress');
    case 'drifted':
      return trans.__('It runs in an outdated form');
    case 'start_race':
      return trans.__('Something else works on the same container');
    case 'start_timed_out':
      return trans.__('The service did not answer in time');
    case 'server_stopping':
      return trans.__('The server is stopping');
    case 'service_not_ready':
      return trans.__('The service is still starting');
    case 'nothing_installed':
      return trans.__('Nothing on this machine can run this service');
    case 'role_needed':
      return trans.__('That is for teachers and administrators');
    case 'not_allowed':
    case 'forbidden':
      return trans.__('Not allowed');
    case 'conflict':
      return trans.__('Not possible right now');
    case 'not_on_disk':
      return trans.__('The notebooks of this server lie on no disk');
    case 'invalid_request':
    case 'request_too_large':
      return trans.__('The server does not understand the request');
    case 'too_many_requests':
      return trans.__('Too much at a time');
    case 'not_found':
      return trans.__('Not found');
    case 'bad_spec':
    case 'configuration_error':
    case 'services_path_missing':
    case 'services_path_in_root':
      return trans.__('A setting of this server is wrong');
    case 'store_on_network':
      return trans.__('The Lab’s record lies on a network disk');
    case 'store_newer':
      return trans.__('The Lab’s record was written by a newer version');
    case 'store_foreign':
      return trans.__('The Lab’s record belongs to somebody else');
    case 'store_no_driver':
      return trans.__('The driver of the Lab’s database is missing');
    case 'store_url_exposed':
    case 'store_url_wrong':
      return trans.__('The address of the Lab’s database is wrong');
    case 'store_full':
      return trans.__('The disk of the Lab’s record is full');
    case 'store_silent':
    case 'store_error':
    case 'store_locked':
    case 'store_read_only':
    case 'store_unreachable':
    case 'store_refused':
    case 'store_broken':
      return trans.__('The Lab’s record cannot be read or written');
    case 'store_replaced':
      return trans.__('The Lab’s record was replaced while it was in use');
    case 'store_corrupt':
      return trans.__('The Lab’s record was damaged');
    case 'store_lost':
    case 'store_entries_lost':
      return trans.__('Part of the Lab’s record is lost');
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
    case 'digest_changed':
      return trans.__('The notebook’s metadata has changed');
    case 'consent_needed':
      return trans.__('It waits for your consent');
    case 'nothing_available':
      return trans.__('No service could make an image now');
    case 'launches_missed':
      return trans.__('Kernels began without GenAI');
    case 'unreachable':
      return trans.__('The server does not answer');
    default:
      return (
        machineHeadline(code, trans) ??
        cloudHeadline(code, trans) ??
        trans.__('Something needs attention')
      );
  }
}
