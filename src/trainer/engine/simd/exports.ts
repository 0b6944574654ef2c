/**
 * What our compiled kernels export; `assembly/` explains each where it is written. Addresses and strides of addresses are
 * in bytes, strides of matrices in numbers.
 */
export interface SimdExports {
  roundsOnce(oneAndABit: number, negativeSquare: number): number;
  fillAddresses(table: number, first: number, stride: number, count: number): void;
  transpose(
    from: number,
    fromStride: number,
    rows: number,
    columns: number,
    to: number,
    toStride: number,
  ): void;
  packColumns(
    from: number,
    rowStride: number,
    columnStride: number,
    rows: number,
    columns: number,
    to: number,
  ): void;
  multiplyRows(
    tile: number,
    a: number,
    shift: number,
    c: number,
    rows: number,
    runs: number,
    runCount: number,
    depth: number,
    b: number,
    columns: number,
    first: number,
    minimum: number,
    maximum: number,
  ): void;
  countZeros(from: number, count: number): number;
  packWideColumns(
    from: number,
    rowStride: number,
    columnStride: number,
    rows: number,
    columns: number,
    to: number,
  ): void;
  listRows(from: number, rowStride: number, rows: number, columns: number, pairs: number, ends: number): void;
  multiplySparseRows(
    spill: number,
    pairs: number,
    ends: number,
    rows: number,
    depth: number,
    b: number,
    columns: number,
    c: number,
    cStride: number,
    first: number,
    minimum: number,
    maximum: number,
  ): void;
  fillGrid(
    table: number,
    first: number,
    images: number,
    imageStep: number,
    rows: number,
    rowStep: number,
    columns: number,
    columnStep: number,
  ): void;
  padImages(
    from: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    top: number,
    left: number,
    to: number,
    toHeight: number,
    toWidth: number,
  ): void;
  splitIntoPlanes(
    from: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    top: number,
    left: number,
    strideY: number,
    strideX: number,
    to: number,
    planeHeight: number,
    planeWidth: number,
  ): void;
  adamStep(
    weight: number,
    mean: number,
    square: number,
    gradient: number,
    count: number,
    rate: number,
    keepMean: number,
    addMean: number,
    keepSquare: number,
    addSquare: number,
    epsilon: number,
    decay: number,
    keep: number,
  ): void;
  sgdStep(
    weight: number,
    velocity: number,
    gradient: number,
    count: number,
    rate: number,
    momentum: number,
    nesterov: number,
    decay: number,
  ): void;
  rmspropStep(
    weight: number,
    square: number,
    velocity: number,
    gradient: number,
    count: number,
    rate: number,
    keepSquare: number,
    addSquare: number,
    epsilon: number,
    momentum: number,
    decay: number,
  ): void;
  sumOfSquares(from: number, count: number): number;
  sumRows(from: number, rows: number, channels: number, to: number): void;
  scaleChannels(
    from: number,
    rows: number,
    channels: number,
    scale: number,
    offset: number,
    to: number,
  ): void;
  reluGradient(dy: number, x: number, count: number, dx: number): void;
  maxPoolGradient(
    x: number,
    dy: number,
    dx: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    windowHeight: number,
    windowWidth: number,
    strideY: number,
    strideX: number,
    top: number,
    left: number,
  ): void;
  transformFilter(
    from: number,
    tapStep: number,
    inStep: number,
    outStep: number,
    inChannels: number,
    outChannels: number,
    to: number,
  ): void;
  transformInput(
    tiles: number,
    count: number,
    channels: number,
    rowBytes: number,
    to: number,
    capacity: number,
  ): void;
  transformOutput(
    from: number,
    firstTile: number,
    count: number,
    capacity: number,
    channels: number,
    bias: number,
    minimum: number,
    maximum: number,
    to: number,
    height: number,
    width: number,
  ): void;
  depthwiseForward(
    geometry: number,
    x: number,
    filter: number,
    bias: number,
    minimum: number,
    maximum: number,
    y: number,
  ): void;
  depthwiseInputGradient(geometry: number, dy: number, filter: number, dx: number): void;
  depthwiseFilterGradient(geometry: number, x: number, dy: number, filter: number): void;
  scale(at: number, count: number, factor: number): void;
  repeatRow(from: number, channels: number, rows: number, to: number): void;
}
