/** Text that is safe inside an element or a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

const style = `
:root{color-scheme:light}
body{margin:0;padding:12px 16px;font:13px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;color:#1f2328;background:#fff}
h1{font-size:15px;margin:0 0 4px}h2{font-size:13px;margin:18px 0 6px}p{margin:4px 0}
table{border-collapse:collapse;margin:8px 0 4px}
caption{text-align:left;color:#57606a;padding-bottom:4px}
th,td{border:1px solid #d0d7de;padding:5px 9px;text-align:left;vertical-align:top}
th{background:#f6f8fa;font-weight:600}thead td{background:#f6f8fa;color:#57606a;font-size:11px}
code,pre{font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{margin:6px 0 2px;padding:8px 10px;background:#f6f8fa;border:1px solid #d0d7de;border-radius:6px;overflow-x:auto}
small{color:#57606a;display:block}
.ok{background:#eaf6ec}.blocked{background:#f1f3f5}.unsure{background:#fff8e1}.none{color:#8c959f;text-align:center}
.wrong{background:#fdecec;box-shadow:inset 0 0 0 2px #cf222e}.wrong strong{color:#b31d28}
details{margin:3px 0}summary{cursor:pointer}summary .wrong-mark{color:#b31d28;font-weight:600}
`
  .trim()
  .replaceAll('\n', '')

/** A self-contained page: no script, nothing loaded from elsewhere. */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>${body}</body></html>\n`
}
