/** The page's document. Everything it may load or run is named in its policy; the rest is forbidden. */
export function dashboardHtml(page: {
  surface: 'panel' | 'view';
  /** Unguessable, new for every document. */
  nonce: string;
  /** Where the webview may load files of the extension from. */
  cspSource: string;
  scriptUri: string;
  styleUri: string;
}): string {
  const { surface, nonce, cspSource, scriptUri, styleUri } = page;
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `font-src ${cspSource}`,
    `img-src data:`,
  ].join('; ');
  // The form controls look for the nonce in the csp-nonce element when they add a style sheet.
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Distillery Dashboard</title>
<link rel="stylesheet" href="${escape(styleUri)}">
</head>
<body data-surface="${surface}">
<script nonce="${nonce}" src="${escape(scriptUri)}"></script>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
}
