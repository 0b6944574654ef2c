import { build } from 'esbuild';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { FromPage, ToPage } from '../../src/editor/dashboard/messages';
import themes from './fixtures/themes.json';

export const root = path.resolve(import.meta.dirname, '../..');
export type ThemeName = keyof typeof themes;
export const themeNames = Object.keys(themes) as ThemeName[];

/** What the harness page gives to tests beside the dashboard itself. */
interface HarnessWindow {
  posted: FromPage[];
  state: unknown;
  violations: string[];
  longTasks: number[];
}

/** The page built as for the extension, served under the same CSP as in VS Code, in a real browser. */
export class Harness {
  private constructor(
    readonly bundleBytes: number,
    private readonly server: http.Server,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<Harness> {
    const files = await bundle();
    const server = http.createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const file = files.get(url.pathname);
      if (file) {
        response.setHeader('content-type', url.pathname.endsWith('.css') ? 'text/css' : 'text/javascript');
        response.end(file);
        return;
      }
      if (url.pathname !== '/') {
        response.writeHead(404).end();
        return;
      }
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(html(url.searchParams));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Harness(files.get('/dashboard.js')!.byteLength, server, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A fresh page; `saved` is what the page kept at an earlier visit. */
  async open(
    options: {
      theme?: ThemeName;
      width?: number;
      height?: number;
      surface?: 'panel' | 'view';
      saved?: unknown;
    } = {},
  ): Promise<Dashboard> {
    const page = await this.browser.newPage({
      viewport: { width: options.width ?? 1100, height: options.height ?? 900 },
      reducedMotion: 'reduce',
      deviceScaleFactor: 1,
    });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    const { port } = this.server.address() as AddressInfo;
    const query = new URLSearchParams({
      theme: options.theme ?? 'dark',
      surface: options.surface ?? 'panel',
    });
    if (options.saved !== undefined) query.set('saved', JSON.stringify(options.saved));
    await page.goto(`http://127.0.0.1:${port}/?${query.toString()}`);
    return new Dashboard(page, errors);
  }
}

/** One opened dashboard. */
export class Dashboard {
  constructor(
    readonly page: Page,
    readonly errors: string[],
  ) {}

  /** Delivers messages as the extension host does, and waits until they are drawn. */
  async send(...messages: ToPage[]): Promise<void> {
    await this.page.evaluate(async (list) => {
      for (const message of list) window.postMessage(message, '*');
      await new Promise((resolve) => setTimeout(resolve));
      for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
    }, messages);
  }

  /** What the page posted to the host, in order. */
  posted(): Promise<FromPage[]> {
    return this.page.evaluate(() => (window as unknown as HarnessWindow).posted);
  }

  saved(): Promise<unknown> {
    return this.page.evaluate(() => (window as unknown as HarnessWindow).state);
  }

  violations(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as HarnessWindow).violations);
  }

  longTasks(): Promise<number[]> {
    return this.page.evaluate(() => (window as unknown as HarnessWindow).longTasks);
  }

  dataset(): Promise<Record<string, string | undefined>> {
    return this.page.evaluate(() => Object.fromEntries(Object.entries(document.body.dataset)));
  }

  /** Changes the theme as VS Code does: variables on the root element, kind and class on the body. */
  async setTheme(name: ThemeName): Promise<void> {
    const { variables, kind } = themes[name];
    await this.page.evaluate(
      async ([values, bodyKind]) => {
        document.documentElement.removeAttribute('style');
        for (const [key, value] of Object.entries(values))
          document.documentElement.style.setProperty(key, value);
        document.body.className = bodyClass(bodyKind);
        document.body.dataset['vscodeThemeKind'] = bodyKind;
        for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
        function bodyClass(of: string): string {
          return of === 'vscode-high-contrast-light' ? `vscode-high-contrast ${of}` : of;
        }
      },
      [variables, kind] as [Record<string, string>, string],
    );
  }

  /** Writes a picture of the whole page to test-results/webview. */
  async screenshot(name: string): Promise<void> {
    const file = path.join(root, 'test-results/webview', `${name}.png`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, fullPage: true });
  }
}

/** The same options as in esbuild.mjs. */
async function bundle(): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['webview/dashboard.tsx'],
    outdir: 'dist/webview',
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: 'webview/tsconfig.json',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return new Map(outputFiles.map((file) => [`/${path.basename(file.path)}`, file.contents]));
}

/** The page as the host writes it, with what VS Code itself adds: theme, its own style sheet and `acquireVsCodeApi`. */
function html(query: URLSearchParams): string {
  const nonce = 'dGhlIG5vbmNl';
  const theme = themes[(query.get('theme') ?? 'dark') as ThemeName];
  const classes =
    theme.kind === 'vscode-high-contrast-light' ? `vscode-high-contrast ${theme.kind}` : theme.kind;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "font-src 'self'",
    'img-src data:',
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${nonce}">
<title>Distillery</title>
<link rel="stylesheet" href="dashboard.css">
<script nonce="${nonce}">
for (const [key, value] of Object.entries(${JSON.stringify(theme.variables)})) document.documentElement.style.setProperty(key, value);
window.posted = []; window.violations = []; window.longTasks = []; window.state = ${query.get('saved') ?? 'undefined'};
document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile));
new PerformanceObserver((list) => { for (const entry of list.getEntries()) longTasks.push(entry.duration); }).observe({ type: 'longtask', buffered: true });
window.acquireVsCodeApi = (() => {
  let acquired = false;
  return () => {
    if (acquired) throw new Error('The API was acquired twice.');
    acquired = true;
    return { postMessage: (m) => posted.push(m), getState: () => state, setState: (s) => { state = structuredClone(s); } };
  };
})();
</script>
</head>
<body class="${classes}" data-vscode-theme-kind="${theme.kind}" data-surface="${query.get('surface') ?? 'panel'}">
<script nonce="${nonce}" src="dashboard.js"></script>
</body>
</html>`;
}
