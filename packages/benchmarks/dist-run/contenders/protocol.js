// Between a run and the process of a contender.
/** What a traced run does to each instance, one after the other. */
export const PHASES = ['create', 'save', 'load', 'changeStatus', 'remove'];
/** Name of a file that is asked for before a phase, and before what follows the last: there is none, but a tracer sees it. */
export function markOf(phase) {
  return `mark-${phase}`;
}
//# sourceMappingURL=protocol.js.map
