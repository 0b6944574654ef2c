import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import { writeFileAtomic } from '../../runs/atomic';
import type { Model } from './model';

/**
 * Writes a model as a folder that plain TensorFlow.js reads with `tf.loadLayersModel`: `model.json` and `weights.bin`.
 * The folder appears as a whole or not at all; one that is there already is replaced.
 *
 * @returns the bytes of both files
 */
export async function saveModel(model: Model, folder: string): Promise<number> {
  const { modelTopology, weightSpecs, weightData } = await artifactsOf(model);
  const weights = new Uint8Array(io.CompositeArrayBuffer.join(weightData));
  const described: Described = {
    modelTopology: modelTopology as object,
    weightsManifest: [{ paths: [weightsFile], weights: weightSpecs! }],
  };
  const file: ModelFile = {
    format: 'layers-model',
    generatedBy: 'Distillery',
    convertedBy: null,
    ...described,
    userDefinedMetadata: { sha256: checksum(described, weights) },
  };
  const json = Buffer.from(JSON.stringify(file));

  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const temporary = fs.mkdtempSync(`${folder}.tmp-`);
  try {
    writeFileAtomic(path.join(temporary, weightsFile), weights);
    writeFileAtomic(path.join(temporary, modelFile), json);
    replaceFolder(temporary, folder);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return json.length + weights.length;
}

/**
 * The weights that `saveModel` wrote, by name as in `Model.weights`.
 *
 * @throws an Error that says for people which folder is damaged and how
 */
export function loadWeights(folder: string): Map<string, Float32Array> {
  const damaged = (how: string) => new Error(`The saved model in ${folder} is damaged: ${how}.`);
  let file: ModelFile | null;
  let bytes: Uint8Array;
  try {
    file = JSON.parse(fs.readFileSync(path.join(folder, modelFile), 'utf8')) as ModelFile | null;
    // Not a Buffer: its slices are no copies.
    bytes = new Uint8Array(fs.readFileSync(path.join(folder, weightsFile)));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(`${modelFile} is not whole`);
    throw damaged((error as Error).message);
  }
  if (file === null) throw damaged(`${modelFile} is not whole`);
  const { modelTopology, weightsManifest, userDefinedMetadata } = file;
  if (userDefinedMetadata?.sha256 !== checksum({ modelTopology, weightsManifest }, bytes))
    throw damaged('its checksum differs from the one that was written');

  let offset = 0;
  return new Map(
    weightsManifest
      .flatMap((group) => group.weights)
      .map(({ name, shape }) => {
        const length = shape.reduce((product, size) => product * size, 4);
        // A copy, because the weights need not begin at a multiple of four bytes in the file's buffer.
        const values = new Float32Array(bytes.slice(offset, offset + length).buffer);
        offset += length;
        return [name, values];
      }),
  );
}

const modelFile = 'model.json';
const weightsFile = 'weights.bin';

interface Described {
  modelTopology: object;
  weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
}

interface ModelFile extends Described {
  format: 'layers-model';
  generatedBy: string;
  convertedBy: null;
  userDefinedMetadata?: { sha256: string };
}

async function artifactsOf(model: Model): Promise<io.ModelArtifacts> {
  let artifacts: io.ModelArtifacts = {};
  await model.model.save(
    io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } });
    }),
  );
  return artifacts;
}

/** SHA-256 over what the model is and its numbers, in hexadecimal. */
function checksum(described: Described, weights: Uint8Array): string {
  return createHash('sha256').update(JSON.stringify(described)).update(weights).digest('hex');
}

/** A folder that is not empty cannot be renamed over, so it is moved out of the way first. */
function replaceFolder(from: string, to: string): void {
  if (!fs.existsSync(to)) {
    fs.renameSync(from, to);
    return;
  }
  const aside = fs.mkdtempSync(`${to}.old-`);
  fs.renameSync(to, path.join(aside, 'model'));
  fs.renameSync(from, to);
  fs.rmSync(aside, { recursive: true, force: true });
}
