import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Runs } from './runs';
import { useStage } from './stage';

describe('a workspace that is not trusted', () => {
  const stage = useStage({ trustEverything: false });

  it('can be looked at and edited, and Run says why it does not run', async () => {
    const window = await stage.window('tiny.distill.yaml');
    const { page } = window;
    const question = page.getByText(/do you trust the authors/i);
    await question.or(window.lens('Run')).first().waitFor();
    if (await question.isVisible()) await page.getByRole('button', { name: /No, I don't trust/ }).click();
    await window.lens('Run').click();
    await page.locator('.notification-toast, .monaco-dialog-box').getByText(/trust/i).first().waitFor();
    expect(new Runs(path.join(stage.workspace)).ids).toEqual([]);
    await window.screenshot('restricted');
    expect(window.problems).toEqual([]);
  });
});
