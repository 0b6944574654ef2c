import fs from 'node:fs';
import path from 'node:path';
import { distilleryFolder } from '../../runs/paths';
import type { Model } from '../models/model';
import { loadWeights, saveModel } from '../models/saveModel';

/** Where the teacher with this content hash is kept, for all runs of a workspace. */
function folderOf(workspace: string, hash: string): string {
  return path.join(workspace, distilleryFolder, 'teachers', hash.slice(0, 32));
}

/**
 * Fills a model with the weights of a teacher that was trained before.
 *
 * @returns `used`; `absent`; or a sentence that says why the stored one cannot be used, in which case it is removed.
 */
export function reuseTeacher(
  workspace: string,
  hash: string,
  model: Model,
): 'used' | 'absent' | { damaged: string } {
  const folder = folderOf(workspace, hash);
  if (!fs.existsSync(folder)) return 'absent';
  try {
    model.setWeights(loadWeights(folder));
    return 'used';
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    return { damaged: (error as Error).message };
  }
}

/** Keeps a trained teacher. Where another run was faster, its copy stays: both are the same. */
export async function keepTeacher(workspace: string, hash: string, model: Model): Promise<void> {
  const folder = folderOf(workspace, hash);
  if (!fs.existsSync(folder)) await saveModel(model, folder);
}
