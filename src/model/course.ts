import type { FolderIndex, Profile } from '../_wire';

/** What becomes of a notebook on this server as it is now. */
export type Outlook =
  'classic' | 'can_run' | 'stand_in' | 'hosted' | 'blocked' | 'unreadable';

/** One notebook of a folder. */
export interface IEntry {
  profile: Profile;
  /** Path below the folder. */
  name: string;
  outlook: Outlook;
  /** Services that decide the outlook: those that cannot run, or that somebody stands in for. */
  because: readonly string[];
}

/** Every notebook of an index with what becomes of it, in the order of the index. */
export function entriesOf(index: FolderIndex): IEntry[] {
  const prefix = index.folder ? `${index.folder}/` : '';
  return index.notebooks.map(profile => ({
    profile,
    name: profile.path.startsWith(prefix)
      ? profile.path.slice(prefix.length)
      : profile.path,
    ...outlookOf(profile, index)
  }));
}

function outlookOf(
  profile: Profile,
  index: FolderIndex
): Pick<IEntry, 'outlook' | 'because'> {
  if (profile.unreadable || profile.services.length === 0) {
    return { outlook: profile.unreadable ? 'unreadable' : 'classic', because: [] };
  }
  const own = profile.services.filter(name => !profile.remote_services.includes(name));
  if (profile.remote || own.length === 0) {
    return { outlook: 'hosted', because: [] };
  }
  const required = own.filter(name => !profile.optional.includes(name));
  const missing = required.filter(
    name => name in index.unavailable && !(name in index.stand_ins)
  );
  if (missing.length > 0) {
    return { outlook: 'blocked', because: missing };
  }
  const played = required.filter(name => name in index.stand_ins);
  return { outlook: played.length > 0 ? 'stand_in' : 'can_run', because: played };
}
