/** Colours before they repeat. */
const SERIES = 8;

/*
 * Okabe and Ito's palette, which people with any colour vision tell apart; its yellow is darker on white, and all are
 * lighter on black. The order keeps neighbours apart in lightness too.
 */
const LIGHT = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#a89600", "#7d8590"];
const DARK = ["#4ba6e0", "#f2b544", "#2cc295", "#e39cc6", "#ff8552", "#a3d8f7", "#e8dc62", "#98a2ad"];

const variables = (colours: readonly string[]) => colours.map((colour, i) => `--p${i}:${colour}`).join(";");

/** Colours and type of page and plots. A plot in a file of its own brings them along. */
export const PLOT_STYLE = `
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#dfe3e8;--ground:#ffffff;--card:#f6f8fa;
--good:#0a6b4d;--bad:#b3400a;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa5b1;--line:#2c333b;--ground:#0f1318;--card:#171c22;
--good:#42d3a5;--bad:#ff9466;${variables(DARK)}}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#ccc;--ground:#fff;--card:#fff;
--good:#0a6b4d;--bad:#b3400a;${variables(LIGHT)}}}
svg.plot{display:block;width:100%;height:auto;background:var(--ground);
font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif}
.plot text{fill:var(--soft)}
.plot .name{fill:var(--ink);font-size:15px;font-weight:600}
.plot .key{fill:var(--ink)}
.plot .grid{stroke:var(--line);stroke-width:1}
.plot .axis{stroke:var(--soft);stroke-width:1}
.plot .area{fill:var(--c);stroke:var(--ground);stroke-width:.6}
.plot .curve{fill:none;stroke:var(--c);stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.plot .band{fill:var(--c);fill-opacity:.16}
.plot .bar,.plot .dot,.plot .swatch{fill:var(--c)}
.plot .dot{stroke:var(--ground);stroke-width:1}
.plot .box{fill:var(--c);fill-opacity:.3;stroke:var(--c);stroke-width:1.5}
.plot .rule{stroke:var(--c);stroke-width:1.5}
.plot .median{stroke:var(--c);stroke-width:3}
.plot .mark{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:5 4}
.plot .against{stroke:var(--ink);stroke-width:2.5}
.plot .pays{fill:var(--bad);fill-opacity:.08}
.plot .value{fill:var(--ink);font-size:11px}
.plot .bad{--c:var(--p4)}
.plot .empty{fill:var(--line);fill-opacity:.45}
${Array.from({ length: SERIES }, (_, i) => `.plot .s${i}{--c:var(--p${i})}`).join("")}
`.trim();

/** Class of the n-th series. */
export function seriesClass(index: number): string {
  return `s${index % SERIES}`;
}
