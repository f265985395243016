import type { SectionName } from '../components/LabView';
import type { IGenAILab } from '../tokens';

/** Ask for what costs the server anything only while somebody looks at it. */
export function watchSections(
  genai: IGenAILab,
  visible: boolean,
  collapsed: ReadonlySet<string>
): void {
  const { allowed, folder, gpus, jobs, lab, offers } = genai;
  const { plan, policy, timeline, usage, weights } = genai;
  const looks = (name: SectionName) => visible && !collapsed.has(name);
  const { role } = lab.snapshot ?? {};
  const known = role !== undefined;
  // What is left is told by a closed section, too.
  usage.open = visible && known;
  policy.open = looks('mode') && known;
  allowed.open = looks('mode') && known;
  offers.open = looks('services') && sells(genai);
  folder.open = looks('folder');
  timeline.open = looks('timeline');
  gpus.open = looks('gpus') && known;
  jobs.open = looks('jobs') && known;
  weights.open = looks('models') && known;
  plan.open = looks('plan') && known && role !== 'student';
}

/** Whether a cloud could be asked: then it has prices. */
function sells({ lab }: IGenAILab): boolean {
  const services = lab.snapshot?.services ?? [];
  return services.some(({ kind, state }) => kind === 'cloud' && state === 'ready');
}
