import path from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';
import type { Server } from '../../../scripts/workbench/server.mjs';

/** One window of a real VS Code in a browser, as a person uses it. */
export class Workbench {
  /** What went wrong in the window without anybody seeing it: uncaught errors and refusals by a security policy. */
  readonly problems: string[] = [];

  constructor(
    readonly page: Page,
    private readonly server: Server,
  ) {
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (/violates the following Content Security Policy/.test(message.text()))
        this.problems.push(message.text());
    });
  }

  /** Opens a folder with a file in it and waits until the start-up is over. */
  async open(folder: string, file?: string): Promise<void> {
    await this.page.goto(this.server.address(folder, file));
    await this.settled();
  }

  /** A reload as by the browser's button: the page and its extension host start anew. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.settled();
  }

  /** VS Code sets this mark when its start-up is over; before, the palette and webviews are slow or lose keys. */
  private async settled(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await this.page.waitForFunction(
      () => performance.getEntriesByName('code/LifecyclePhase/Eventually').length > 0,
      undefined,
      { timeout: 60_000 },
    );
  }

  /**
   * Runs a command from the palette by its title. The list does not follow commands that arrive while it is open, and a
   * webview that is loading swallows the key: so it is opened again until the command is there.
   */
  async command(title: string): Promise<void> {
    const { page } = this;
    const row = page.locator('.quick-input-list .label-name').getByText(title, { exact: true }).first();
    await until(`the command ${title} in the palette`, async () => {
      await page.keyboard.press('F1');
      if (!(await appears(this.quickInput, 2000))) return false;
      await this.quickInput.fill(`>${title}`);
      if (await appears(row, 2000)) return true;
      await page.keyboard.press('Escape');
      return false;
    });
    await row.click();
  }

  /** The input of the palette and of every question that VS Code asks in its place. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input');
  }

  /** Opens a file of the workspace in the first group of editors, where the dashboard is not. */
  async openFile(name: string): Promise<void> {
    const row = this.page.locator('.quick-input-list .label-name').getByText(name, { exact: true }).first();
    await this.firstGroup.locator('.tab.active').click();
    await this.page.keyboard.press('Control+P');
    await this.quickInput.waitFor();
    await this.quickInput.fill(name);
    await row.click();
    await this.firstGroup.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  }

  tab(name: string): Locator {
    return this.page.locator(`.tab[data-resource-name="${name}"]`);
  }

  /** The actions above the first line of the experiment that is open. */
  lens(text: string | RegExp): Locator {
    return this.firstGroup.locator('.codelens-decoration a').filter({ hasText: text }).first();
  }

  private get firstGroup(): Locator {
    return this.page.locator('.editor-group-container').first();
  }

  /** Opens Distillery's container in the activity bar, when it is not open. */
  async showContainer(): Promise<void> {
    const action = this.page.locator('.activitybar .action-item', {
      has: this.page.locator('a.action-label[aria-label^="Distillery"]'),
    });
    await action.waitFor({ timeout: 30_000 });
    if ((await action.getAttribute('class'))?.includes('checked')) return;
    await action.click();
  }

  /** Rows in the trees of the side bar. */
  rows(text: string | RegExp): Locator {
    return this.page.locator('.sidebar .monaco-list-row').filter({ hasText: text });
  }

  row(text: string | RegExp): Locator {
    return this.rows(text).first();
  }

  /** The document inside the dashboard's panel, once it has said what it holds. */
  async dashboard(): Promise<Frame> {
    let found: Frame | undefined;
    await until('the dashboard', async () => {
      for (const frame of this.page.frames()) {
        const outer = frame.parentFrame()?.url() ?? '';
        if (!outer.includes('distillery.distillery') || outer.includes('purpose=webviewView')) continue;
        if (
          (await frame
            .locator('body[data-last-seq]')
            .count()
            .catch(() => 0)) > 0
        )
          found = frame;
      }
      return found !== undefined;
    });
    return found!;
  }

  /** Chooses a colour theme by its name in the list. */
  async chooseTheme(name: string): Promise<void> {
    await this.command('Preferences: Color Theme');
    await this.page.getByPlaceholder(/Color Theme/).waitFor();
    await this.quickInput.fill(name);
    await this.page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: name }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  async screenshot(name: string): Promise<string> {
    const file = path.resolve('test-results', 'workbench', `${name}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }
}

/** Whether it is visible before the time is over. */
export async function appears(locator: Locator, timeout: number): Promise<boolean> {
  return locator.waitFor({ timeout }).then(
    () => true,
    () => false,
  );
}

/**
 * Waits for a condition that neither the page nor the file system tells us about by itself.
 *
 * @throws with what it waited for, when the time is over
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s for ${what} in vain.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
