import { backend_util, type DepthwiseConv2dNativeAttrs } from '@tensorflow/tfjs-core';

export type DepthwiseAttributes = Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad'> &
  Partial<Pick<DepthwiseConv2dNativeAttrs, 'dilations' | 'dimRoundingMode'>>;

/** Geometry of a depthwise convolution; its filter is `[height, width, inChannels, multiplier]`. */
export function depthwiseGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode, dilations }: DepthwiseAttributes,
): backend_util.Conv2DInfo {
  const [input, filter] = [inputShape, filterShape] as unknown as [
    [number, number, number, number],
    [number, number, number, number],
  ];
  return backend_util.computeConv2DInfo(input, filter, strides, dilations ?? 1, pad, dimRoundingMode, true);
}
