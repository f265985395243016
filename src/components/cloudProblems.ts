import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * What is wrong with a cloud, what it may cost, or what the class's policy says of it, in the
 * reader's language; null for a code that means something else.
 */
export function cloudHeadline(code: string, trans: TranslationBundle): string | null {
  switch (code) {
    case 'quota_exceeded':
      return trans.__('What you may use is used up for now');
    case 'price_unknown':
      return trans.__('Nobody knows what it would cost');
    case 'local_unavailable':
      return trans.__('The service cannot run on this machine now');
    case 'local_not_ready':
      return trans.__('The service is not ready in time');
    case 'local_queue_long':
      return trans.__('The line for the service is too long');
    case 'local_out_of_memory':
      return trans.__('The GPU has too little free memory');
    case 'local_died':
      return trans.__('The service ended while it worked');
    case 'mode_cloud':
      return trans.__('In mode “Cloud” nothing is run here');
    case 'raw_calls':
      return trans.__('No cloud can stand in for this notebook');
    case 'no_cloud_address':
      return trans.__('Nobody has written down where the provider is asked');
    case 'key_exposed':
      return trans.__('The provider’s key is not safe where it lies');
    case 'secrets_silent':
      return trans.__('The folder of the keys does not answer');
    case 'policy_gone':
    case 'policy_unreachable':
      return trans.__('The class’s policy cannot be read');
    case 'policy_broken':
      return trans.__('The class’s policy has mistakes');
    case 'policy_exposed':
      return trans.__('The class’s policy could be changed by others');
    case 'policy_refused':
      return trans.__('The class’s policy needs a token');
    case 'text_off':
      return trans.__('Text models are switched off here');
    case 'text_model_not_allowed':
      return trans.__('This text model may not be asked here');
    case 'text_too_long':
      return trans.__('The call sends too much text');
    case 'field_refused':
      return trans.__('A field of the call is not passed on');
    case 'provider_unknown':
      return trans.__('This Lab knows no such provider');
    case 'policy_address':
      return trans.__('The address of the class’s policy cannot be used');
    case 'model_not_allowed':
      return trans.__('The policy does not allow this model');
    case 'ledger_away':
      return trans.__('What is used cannot be written down now');
    case 'engine_not_available':
      return trans.__('It cannot be reached this way');
    case 'cloud_key_refused':
      return trans.__('The provider refuses the Lab’s key');
    case 'cloud_no_credit':
      return trans.__('The Lab’s credit with the provider is used up');
    case 'cloud_forbids':
      return trans.__('The provider does not allow this');
    case 'cloud_busy':
      return trans.__('The provider takes no more work now');
    case 'cloud_down':
      return trans.__('The provider failed');
    case 'cloud_paused':
      return trans.__('The provider is left alone for a while');
    case 'cloud_unreachable':
      return trans.__('The provider cannot be reached');
    case 'cloud_no_answer':
      return trans.__('The provider gave no whole answer');
    case 'cloud_timed_out':
      return trans.__('The provider took too long');
    case 'cloud_wrong_answer':
      return trans.__('The provider sent no usable picture');
    default:
      return null;
  }
}
