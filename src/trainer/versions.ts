import { version_core as tensorflowJs } from '@tensorflow/tfjs-core';
import { version as distillery } from '../../package.json';

/** Versions that decide what numbers come out, for the manifest. */
export function trainerVersions(): Record<string, string> {
  return {
    distillery,
    'TensorFlow.js': tensorflowJs,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
