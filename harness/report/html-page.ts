/** Text that is safe inside an element or a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/**
 * Colours are laid thinly over whatever the background is, and text takes the colour of its surroundings: a viewer that
 * darkens the page (as Allure's dark theme does) leaves it readable.
 */
const style = `
body{margin:0;padding:12px 16px;font:13px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;color:#1f2328;background:#fff}
h1{font-size:15px;margin:0 0 4px}h2{font-size:13px;margin:18px 0 6px}p{margin:4px 0}
table{border-collapse:collapse;margin:8px 0 4px;color:inherit}
caption{text-align:left;opacity:.75;padding-bottom:4px}
th,td{border:1px solid #8c959f66;padding:5px 9px;text-align:left;vertical-align:top}
th{background:#8c959f1f;font-weight:600}thead td{background:#8c959f1f;font-size:11px}
code,pre{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{margin:6px 0 2px;padding:8px 10px;background:#8c959f1f;border:1px solid #8c959f66;border-radius:6px;overflow-x:auto}
small{opacity:.75;display:block}
.ok{background:#2da44e24}.blocked{background:#8c959f1f}.unsure{background:#d4a72c33}.none{text-align:center}
.wrong{background:#cf222e24;box-shadow:inset 0 0 0 2px #cf222e}
details{margin:3px 0}summary{cursor:pointer;white-space:nowrap}.wrong-mark{font-weight:600}
`
  .trim()
  .replaceAll('\n', '')

/** A self-contained page: no script, nothing loaded from elsewhere. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>${body}</body></html>\n`
}
