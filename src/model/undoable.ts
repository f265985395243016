import type { INotebookModel } from '@jupyterlab/notebook';
import type { PartialJSONValue } from '@lumino/coreutils';

/** The part of Yjs that an undo needs; a shared model without it is edited all the same. */
interface ITransaction {
  changedParentTypes: { has(type: unknown): boolean };
  origin: unknown;
}
interface IUndoManager {
  scope: unknown[];
  captureTransaction: (transaction: ITransaction) => boolean;
  addToScope(type: unknown): void;
  stopCapturing(): void;
}
interface IUndoableNotebook {
  ymeta?: { get(key: 'metadata'): unknown };
  undoManager?: IUndoManager;
}

/** Undo managers that know metadata, and whether the edit of this moment is one of ours. */
const joined = new WeakMap<IUndoManager, { ours: boolean }>();

/**
 * Set a key of a notebook's metadata, or remove it with undefined, as one step that the
 * notebook's own Undo Cell Operation takes back.
 */
export function writeMetadata(
  sharedModel: INotebookModel['sharedModel'],
  key: string,
  value: PartialJSONValue | undefined
): void {
  const { undoManager } = sharedModel as IUndoableNotebook;
  const edit = join(sharedModel as IUndoableNotebook);
  // A step of its own: edits within half a second would otherwise be undone as one.
  undoManager?.stopCapturing();
  if (edit) {
    edit.ours = true;
  }
  try {
    if (value === undefined) {
      sharedModel.deleteMetadata(key);
    } else {
      sharedModel.setMetadata(key, value);
    }
  } finally {
    if (edit) {
      edit.ours = false;
    }
    undoManager?.stopCapturing();
  }
}

/**
 * Let a notebook's undo reach its metadata, for our edits only: JupyterLab writes there too
 * (the kernel, the language), and undoing that would surprise.
 */
function join(notebook: IUndoableNotebook): { ours: boolean } | null {
  const { undoManager } = notebook;
  const metadata = notebook.ymeta?.get('metadata');
  if (!undoManager?.addToScope || !undoManager.scope || !metadata) {
    return null;
  }
  const known = joined.get(undoManager);
  if (known && undoManager.scope.includes(metadata)) {
    return known;
  }
  const edit = known ?? { ours: false };
  undoManager.addToScope(metadata);
  if (!known) {
    const before = undoManager.captureTransaction;
    undoManager.captureTransaction = transaction =>
      before(transaction) &&
      (edit.ours ||
        transaction.origin === undoManager ||
        undoManager.scope.some(
          type =>
            type !== notebook.ymeta?.get('metadata') &&
            transaction.changedParentTypes.has(type)
        ));
    joined.set(undoManager, edit);
  }
  return edit;
}
