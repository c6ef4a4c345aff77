import type { GroupResult } from '../results.js';
/** Where the states lie while they are measured. */
export interface Places {
  /** On the machine's disk. */
  readonly disk: string;
  /** Where a flush costs nothing but the calls: ext4 on a device in memory, else tmpfs. `undefined` where there is neither. */
  readonly memory: string | undefined;
}
export interface Run {
  readonly quick: boolean;
  readonly places: Places;
  /** What is being measured now, for whoever waits. */
  readonly progress: (text: string) => void;
}
export interface Group {
  readonly name: string;
  readonly title: string;
  /** npm packages whose versions belong to the result. */
  readonly packages: readonly string[];
  readonly run: (run: Run) => Promise<Pick<GroupResult, 'facts' | 'tables'>>;
}
//# sourceMappingURL=group.d.ts.map
