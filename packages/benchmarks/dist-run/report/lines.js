// Cost against the number of instances, both axes logarithmic; one small chart per operation.
import { INK } from './svg.js';
const COLOURS = [INK.ours.light, INK.peer.light, INK.third.light, INK.fourth.light];
export function lineCharts({ title, subtitle, points }) {
  const charts = [...new Set(points.map(({ chart }) => chart))];
  const names = [...new Set(points.map(({ name }) => name))];
  const color = {
    field: 'name',
    type: 'nominal',
    sort: names,
    scale: { domain: names, range: COLOURS.slice(0, names.length) },
    legend: { title: null, orient: 'bottom', columns: 2 },
  };
  return {
    title: { text: title, subtitle: [...subtitle] },
    columns: 3,
    spacing: 24,
    concat: charts.map((chart) => {
      const own = points.filter((point) => point.chart === chart);
      const domain = [Math.min(...own.map(({ low }) => low)) / 1.4, Math.max(...own.map(({ high }) => high)) * 1.4];
      const y = {
        type: 'quantitative',
        scale: { type: 'log', domain, nice: false },
        axis: { title: null, tickCount: 4, format: '~g' },
      };
      return {
        title: { text: chart, frame: 'group', fontSize: 12 },
        width: 230,
        height: 170,
        data: { values: own },
        encoding: {
          x: {
            field: 'instances',
            type: 'quantitative',
            scale: { type: 'log', nice: false },
            axis: {
              title: null,
              values: [...new Set(points.map(({ instances }) => instances))],
              format: '~s',
              grid: true,
            },
          },
          color,
        },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 2, opacity: 0.6 },
            encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
          },
          { mark: { type: 'line', strokeWidth: 2, point: { size: 45 } }, encoding: { y: { ...y, field: 'median' } } },
        ],
      };
    }),
  };
}
//# sourceMappingURL=lines.js.map
