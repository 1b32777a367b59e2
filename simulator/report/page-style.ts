import { PLOT_STYLE } from "./plot-style.ts";

/** Everything a report's page needs, for wide and narrow, light and dark, and paper. */
export const PAGE_STYLE = `${PLOT_STYLE}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif}
main{max-width:1000px;margin:0 auto;padding:36px 24px 64px}
h1{font-size:28px;line-height:1.2;letter-spacing:-.01em;margin:0 0 8px;overflow-wrap:anywhere}
header p{max-width:none}
h2{font-size:18px;margin:40px 0 10px}
p{margin:0 0 12px;color:var(--soft);max-width:76ch;overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0 8px;padding:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.facts dt{color:var(--soft);font-size:12.5px;line-height:1.35}
.facts dd{margin:2px 0 0;font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}
.pass{color:var(--good)}
.fail{color:var(--bad);font-weight:600}
figure{margin:20px 0;border:1px solid var(--line);border-radius:12px;padding:14px 12px 12px;break-inside:avoid}
figure .scroll{overflow-x:auto}
figcaption{color:var(--soft);font-size:13px;padding:8px 8px 0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:500;text-align:left;vertical-align:bottom}
th,td{padding:7px 10px;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:2px}
td{overflow-wrap:break-word}
td:first-child{font-weight:500}
.number{text-align:right;white-space:nowrap}
th.number{white-space:normal}
tr{break-inside:avoid}
details{margin:12px 0}
summary{cursor:pointer;color:var(--soft)}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;overflow-x:auto;
font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (max-width:640px){main{padding:22px 14px 40px}h1{font-size:23px}figure{margin:14px -6px;padding:10px 6px}
figure svg.plot{min-width:600px}table{min-width:560px}.facts{grid-template-columns:1fr 1fr}.facts dd{font-size:20px}}
@media print{main{max-width:none;padding:0}body{font-size:11px}figure{border-color:#ccc}details{display:none}}
`;
