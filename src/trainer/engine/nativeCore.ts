// Bundled by itself into dist/nativeCore.js. What the set-up installs holds it as `@tensorflow/tfjs`, of which
// `@tensorflow/tfjs-node` needs the core only. The bundle is made of the core's ES5 build, because a class of ES5, as
// tfjs-node's backend is, cannot extend one of today.
export * from '@tensorflow/tfjs-core';
