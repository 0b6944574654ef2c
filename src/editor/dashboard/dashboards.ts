import * as vscode from 'vscode';
import { randomBytes } from 'node:crypto';
import { dashboardPanelType, views } from '../contributions';
import { DisposableStore } from '../disposables';
import type { RunStore } from '../runs/runStore';
import { readFromPage } from './fromPage';
import { dashboardHtml } from './html';
import { DashboardSession } from './session';
import type { DashboardActions } from './session';

/** The dashboard beside the editor and the one in the side panel: the same page, each with a session of its own. */
export class Dashboards {
  private readonly owned = new DisposableStore();
  private panel: { panel: vscode.WebviewPanel; session: DashboardSession } | undefined;
  private view: { view: vscode.WebviewView; session: DashboardSession } | undefined;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly store: RunStore,
    private readonly actions: DashboardActions,
  ) {
    this.owned.add(
      vscode.window.registerWebviewPanelSerializer(dashboardPanelType, {
        deserializeWebviewPanel: (panel) => {
          this.adoptPanel(panel);
          return Promise.resolve();
        },
      }),
    );
    this.owned.add(
      vscode.window.registerWebviewViewProvider(views.dashboard, {
        resolveWebviewView: (view) => this.adoptView(view),
      }),
    );
    // The page's stop buttons and their reason depend on it.
    this.owned.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh()));
  }

  /** Opens the panel beside the editor, or brings it to the front. @param directory the run to show; undefined: the newest. */
  open(directory: string | undefined): void {
    if (!this.panel) {
      const panel = vscode.window.createWebviewPanel(
        dashboardPanelType,
        'Distillery Dashboard',
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        this.options(),
      );
      this.adoptPanel(panel);
    } else this.panel.panel.reveal(undefined, true);
    this.show(directory);
  }

  /** Switches every open dashboard to a run; undefined: the newest. */
  show(directory: string | undefined): void {
    this.panel?.session.show(directory);
    this.view?.session.show(directory);
  }

  dispose(): void {
    this.panel?.session.dispose();
    this.view?.session.dispose();
    this.owned.dispose();
  }

  private adoptPanel(panel: vscode.WebviewPanel): void {
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'media', 'experiment.svg');
    const session = this.connect(panel.webview, 'panel');
    const visibility = panel.onDidChangeViewState(() => session.setVisible(panel.visible));
    const adopted = { panel, session };
    this.panel = adopted;
    panel.onDidDispose(() => {
      visibility.dispose();
      session.dispose();
      if (this.panel === adopted) this.panel = undefined;
    });
    session.setVisible(panel.visible);
  }

  private adoptView(view: vscode.WebviewView): void {
    const session = this.connect(view.webview, 'view');
    const visibility = view.onDidChangeVisibility(() => session.setVisible(view.visible));
    const adopted = { view, session };
    this.view = adopted;
    view.onDidDispose(() => {
      visibility.dispose();
      session.dispose();
      if (this.view === adopted) this.view = undefined;
    });
    session.setVisible(view.visible);
  }

  private connect(webview: vscode.Webview, surface: 'panel' | 'view'): DashboardSession {
    const session = new DashboardSession(
      this.store,
      this.actions,
      (message) => void webview.postMessage(message),
    );
    // A restored panel remembers the folders of the version that made it, so they are set anew.
    webview.options = this.options();
    webview.onDidReceiveMessage((value: unknown) => {
      const message = readFromPage(value);
      if (message) session.handle(message);
    });
    const uri = (name: string): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(this.pages, name)).toString();
    webview.html = dashboardHtml({
      surface,
      nonce: randomBytes(16).toString('base64url'),
      cspSource: webview.cspSource,
      scriptUri: uri('dashboard.js'),
      styleUri: uri('dashboard.css'),
    });
    return session;
  }

  private refresh(): void {
    this.panel?.session.refresh();
    this.view?.session.refresh();
  }

  private get pages(): vscode.Uri {
    return vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview');
  }

  private options(): vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [this.pages] };
  }
}
