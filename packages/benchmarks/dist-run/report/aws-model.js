// What S3 of AWS would cost, in money and time: a model, not a measurement. Requests are those that were counted on a real
// server; prices and latencies are what AWS has published.
import { tableOf } from './charts.js';
/** S3 Standard, us-east-1, in US dollars per million; DELETE is free. https://aws.amazon.com/s3/pricing, read in November 2026. */
export const PRICES = { put: 5, list: 5, get: 0.4, delete: 0, gibibyteMonth: 0.023 };
/**
 * Milliseconds of a small request, from and to. "Best practices design patterns: optimizing Amazon S3 performance", read in
 * November 2026: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
export const LATENCY = { low: 100, high: 200 };
const WORKFLOWS = 1_000_000;
const CHECKPOINTS = 10;
const PAGE = 1000;
/** How many objects a store without an index reads at a time to find those with a status. */
const PARALLEL = 24;
/** Of a million workflows with ten checkpoints each; `undefined` without counted requests. */
export function costsOf(s3) {
  const of = (operation) => requestsOf(s3, operation);
  const [create, save, change, terminal, remove] = [
    of('create'),
    of('save'),
    of('status change'),
    of('terminal save'),
    of('delete of a known revision'),
  ];
  if (!create || !save || !change || !terminal || !remove) return [];
  const cost = (what, parts, lists = 0) => {
    const dollars = parts.reduce((sum, [times, , requests]) => sum + times * priceOf(requests), 0) * WORKFLOWS;
    return {
      what,
      dollars: dollars + (lists * PRICES.list) / 1e6,
      formula: parts.map(([times, name]) => `${times} ${name}`).join(', '),
    };
  };
  const saves = CHECKPOINTS - 2;
  const run = [
    [1, 'create', create],
    [saves, 'saves', save],
    [1, 'terminal save', terminal],
  ];
  return [
    cost('ten checkpoints in one status', run),
    cost('ten checkpoints, two of which change the status', [
      [1, 'create', create],
      [saves - 2, 'saves', save],
      [2, 'status changes', change],
      [1, 'terminal save', terminal],
    ]),
    cost('and cleaned up afterwards', [...run, [1, 'delete', remove]], WORKFLOWS / PAGE),
    cost('for comparison: ten PUTs without condition or index', [[CHECKPOINTS, 'PUTs', { put: 1, get: 0, delete: 0 }]]),
  ];
}
/** Of finding `matches` of `instances` by status. */
export function listingCosts(matches, instances) {
  return [
    {
      what: 'by status',
      dollars: (Math.ceil(matches / PAGE) * PRICES.list) / 1e6,
      formula: `${Math.ceil(matches / PAGE)} LIST`,
    },
    {
      what: 'every object read',
      dollars: (Math.ceil(instances / PAGE) * PRICES.list + instances * PRICES.get) / 1e6,
      formula: `${Math.ceil(instances / PAGE)} LIST, ${instances.toLocaleString('en')} GET`,
    },
  ];
}
/** Requests that wait for each other: what an operation takes is that many times the latency. */
export function durationsOf(s3) {
  const operations = ['load', 'save', 'create', 'status change', 'terminal save', 'delete of a known revision'];
  const single = operations.flatMap((what) => {
    const requests = requestsOf(s3, what);
    return requests === undefined ? [] : [{ what, requests: requests.put + requests.get + requests.delete }];
  });
  const [matches, instances] = [50_000, 1_000_000];
  return [
    ...single,
    {
      what: `list ${matches.toLocaleString('en')} of ${instances.toLocaleString('en')} by status`,
      requests: matches / PAGE,
    },
    {
      what: `the same by reading every object, ${PARALLEL} at a time`,
      requests: instances / PAGE + Math.ceil(instances / PARALLEL),
    },
  ];
}
function priceOf({ put, get, delete: deletes }) {
  return (put * PRICES.put + get * PRICES.get + deletes * PRICES.delete) / 1e6;
}
/** The kinds of request stand behind the name of the operation. */
function requestsOf(s3, operation) {
  const name = tableOf(s3, 'requests')?.figures.find((figure) => figure.name.startsWith(`${operation}: `))?.name;
  const kinds = name?.slice(operation.length + 2).split(' + ');
  if (kinds === undefined) return undefined;
  const count = (...wanted) => kinds.filter((kind) => wanted.includes(kind)).length;
  return { put: count('PUT', 'LIST'), get: count('GET', 'HEAD'), delete: count('DELETE') };
}
//# sourceMappingURL=aws-model.js.map
