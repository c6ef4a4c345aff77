// From a specification to an SVG that can be read on light and on dark. Colours are those of the light scheme; a style
// sheet in the file turns each of them where the reader's scheme is dark, the card behind the chart with the ink on it.
import { compile } from 'vega-lite';
import { parse, View } from 'vega';
export const INK = {
  card: { light: '#ffffff', dark: '#0d1117' },
  text: { light: '#1f2328', dark: '#e6edf3' },
  quiet: { light: '#59636e', dark: '#9198a1' },
  grid: { light: '#e4e7eb', dark: '#262c36' },
  ours: { light: '#0969da', dark: '#58a6ff' },
  peer: { light: '#8a6d3b', dark: '#d4a72c' },
  floor: { light: '#6e7681', dark: '#a0a8b3' },
  third: { light: '#8250df', dark: '#bc8cff' },
  fourth: { light: '#cf222e', dark: '#ff7b72' },
};
const STYLE = [
  '@media (prefers-color-scheme: dark) {',
  ...Object.values(INK).flatMap(({ light, dark }) =>
    ['fill', 'stroke'].map((property) => `  [${property}="${light}"] { ${property}: ${dark}; }`),
  ),
  '}',
].join('\n');
const FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
export async function toSvg(spec) {
  const themed = {
    ...spec,
    background: INK.card.light,
    padding: 16,
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        labelColor: INK.text.light,
        titleColor: INK.quiet.light,
        gridColor: INK.grid.light,
        domainColor: INK.grid.light,
        tickColor: INK.grid.light,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: 'normal',
      },
      header: { labelColor: INK.text.light, titleColor: INK.text.light, labelFontSize: 13, labelFontWeight: 'bold' },
      legend: { labelColor: INK.text.light, titleColor: INK.quiet.light, labelFontSize: 12, labelLimit: 400 },
      title: {
        color: INK.text.light,
        subtitleColor: INK.quiet.light,
        fontSize: 14,
        subtitleFontSize: 12,
        anchor: 'start',
      },
    },
  };
  const view = new View(parse(compile(themed).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg.replace(/^(<svg[^>]*>)/, `$1<style>\n${STYLE}\n</style>`)}\n`;
}
//# sourceMappingURL=svg.js.map
