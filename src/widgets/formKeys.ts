/** The class of a generation form in a notebook, and of the button that starts it. */
export const FORM_CLASS = 'jp-GenAILab-form';
export const GENERATE_CLASS = 'jp-GenAILab-generate';

/** What Lumino looks for before it takes a key for a shortcut. */
const NO_SHORTCUTS = 'data-lm-suppress-shortcuts';

/**
 * Keep keys that are meant for the form from the notebook around it, whose one-letter shortcuts
 * would cut or delete cells while somebody chooses from a list. Shortcuts with Ctrl, Alt or
 * Command go on as ever, but for Enter: running the cell would replace the form; Ctrl+Enter starts
 * it instead.
 *
 * Must be called before Lumino sees the event: at the window, in the capture phase.
 */
export function guardForm(event: KeyboardEvent): void {
  const { target } = event;
  const form = target instanceof Element ? target.closest(`.${FORM_CLASS}`) : null;
  if (form === null || !(target instanceof Element)) {
    return;
  }
  const command = event.ctrlKey || event.metaKey;
  const ours = event.key === 'Enter' || !(command || event.altKey);
  // On the element itself: a notebook's shortcuts are bound to whatever has the focus.
  target.toggleAttribute(NO_SHORTCUTS, ours);
  if (command && event.key === 'Enter') {
    event.preventDefault();
    form.querySelector<HTMLButtonElement>(`.${GENERATE_CLASS}`)?.click();
  }
}
