import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What is wrong with the machine that services run on, its GPUs, images and models, in the
 * reader's language; null for a code that means something else.
 */
export function machineHeadline(code: string, trans: TranslationBundle): string | null {
  switch (code) {
    case 'no_driver':
      return trans.__('There is no NVIDIA driver on this machine');
    case 'driver_not_loaded':
      return trans.__('The NVIDIA driver is not loaded');
    case 'driver_mismatch':
      return trans.__('The NVIDIA driver was updated; the machine must start again');
    case 'driver_failed':
      return trans.__('The NVIDIA driver cannot be asked');
    case 'no_permission':
      return trans.__('The GPU driver does not let this server in');
    case 'driver_hangs':
      return trans.__('The GPU driver does not answer');
    case 'no_gpu':
      return trans.__('There is no GPU on this machine');
    case 'gpu_lost':
      return trans.__('A GPU does not answer any more');
    case 'gpu_full':
    case 'gpu_taken':
      return trans.__('The GPU memory is in use');
    case 'gpu_too_small':
      return trans.__('No GPU here is large enough');
    case 'gpu_absent':
      return trans.__('The GPU that it is set to is not here');
    case 'gpu_memory_stays':
      return trans.__('GPU memory does not come back');
    case 'gpu_unreadable':
      return trans.__('The GPUs cannot be read');
    case 'not_buildable':
      return trans.__('The image of this service is not made here');
    case 'build_in_progress':
      return trans.__('Its image is being built already');
    case 'build_failed':
      return trans.__('The build of the image failed');
    case 'build_stalled':
      return trans.__('The build of the image stands still');
    case 'build_cancelled':
      return trans.__('The build of the image was ended');
    case 'build_base_missing':
      return trans.__('The image that it is built on cannot be had');
    case 'build_context_unusable':
      return trans.__('What the image is built from cannot be used');
    case 'build_disk_full':
    case 'model_disk_full':
      return trans.__('The disk is full');
    case 'warm_up_failed':
      return trans.__('It started, but its first job failed');
    case 'models_missing':
      return trans.__('Model files are missing');
    case 'models_gone':
      return trans.__('Model files went away while it runs');
    case 'models_unreadable':
    case 'model_unreadable':
      return trans.__('A model file cannot be looked at');
    case 'model_files':
      return trans.__('Something is wrong with the model files');
    case 'model_not_a_file':
    case 'model_place_taken':
      return trans.__('Something else lies in the place of a model file');
    case 'model_link_outside':
      return trans.__('A link in a model folder leads where containers cannot follow');
    case 'model_size_wrong':
      return trans.__('A model file has the wrong size');
    case 'model_hash_wrong':
      return trans.__('A model file is not the published one');
    case 'model_no_source':
      return trans.__('Nobody publishes this model for a fetch');
    case 'model_source_unreachable':
      return trans.__('The source of the model does not answer');
    case 'model_source_untrusted':
    case 'model_source_insecure':
      return trans.__('The source of the model cannot be trusted');
    case 'model_source_wrong':
      return trans.__('The source of the model answers with something else');
    case 'model_source_refuses':
      return trans.__('The source of the model refuses');
    case 'model_source_busy':
      return trans.__('The source of the model wants a pause');
    case 'model_token_missing':
      return trans.__('Its source wants a token');
    case 'model_token_refused':
      return trans.__('Its source refuses the token');
    case 'model_file_not_found':
      return trans.__('Its source does not have the file');
    case 'model_disk_fails':
      return trans.__('The disk of the models fails');
    case 'model_fetch_stalled':
    case 'model_fetch_cut':
    case 'model_fetch_failed':
      return trans.__('The download of the model broke off');
    case 'model_licence':
      return trans.__('Its licence is to be accepted first');
    case 'model_root_missing':
      return trans.__('No folder for models is set');
    case 'model_root_readonly':
      return trans.__('The folder of the models cannot be written');
    case 'model_busy':
      return trans.__('Somebody else fetches it already');
    case 'secrets_exposed':
      return trans.__('A file with secrets is open to others');
    case 'services_package_bad':
      return trans.__('An installed package brings services that cannot be read');
    case 'door_port_shared':
      return trans.__('Two services want the same port');
    case 'workflow_file':
      return trans.__('A registered workflow cannot be used');
    case 'workflow_folder':
      return trans.__('The folder of the workflows cannot be used');
    case 'plan_cut':
      return trans.__('Not every way to share the GPUs was tried');
    case 'plan_foreign':
      return trans.__('Programs of others hold GPU memory');
    case 'plan_memory':
      return trans.__('The memory of this machine may not do');
    default:
      return null;
  }
}
