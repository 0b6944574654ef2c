// npm run distill -- run FILE
//
// The trainer's command line (run, resume, validate, probe), built first when its sources are newer. File names count
// from the folder in which npm was started.
import path from 'node:path';
import { ensureBuild } from './ensureBuild.mjs';
import { ensureDependencies } from './ensureDependencies.mjs';
import { root } from './processes.mjs';
import { runTrainer } from './runTrainer.mjs';

await ensureDependencies();
await ensureBuild();
process.exitCode = await runTrainer(path.join(root, 'dist'), process.argv.slice(2));
