import type { EngineId, EngineProbe } from '../../runs/manifest';

const engineNames: Record<EngineId, string> = {
  tensorflow: 'Native TensorFlow',
  wasm: 'WebAssembly',
  cpu: 'Plain JavaScript',
};

/** What `probe` prints; undefined when it is not that. */
export function readProbes(output: string): EngineProbe[] | undefined {
  try {
    const { engines } = JSON.parse(output) as { engines?: EngineProbe[] };
    return Array.isArray(engines) ? engines : undefined;
  } catch {
    return undefined;
  }
}

/** The report for people, in Markdown. @param chosen the setting. */
export function diagnosticsText(
  probes: readonly EngineProbe[],
  chosen: string,
  machine: { node: string; system: string },
): string {
  const used = probes.find((probe) => probe.ok && probe.id !== 'cpu');
  const verdict =
    chosen !== 'auto'
      ? `The setting distillery.engine asks for ${chosen === 'native' ? engineNames.tensorflow : engineNames.wasm}.`
      : used
        ? `Experiments run on ${engineNames[used.id]}.`
        : 'No engine works, so experiments cannot run on this machine.';
  return [
    '# Engines on this machine',
    '',
    verdict,
    '',
    ...probes.flatMap(section),
    '## Machine',
    '',
    `- Node ${machine.node}, ${machine.system}`,
    '',
  ].join('\n');
}

function section({ id, ok, reason, version, milliseconds }: EngineProbe): string[] {
  return [
    `## ${ok ? '✓' : '✗'} ${engineNames[id]}`,
    '',
    `- ${ok ? `Works. The self-test took ${Math.round(milliseconds)} ms.` : 'Cannot be used.'}`,
    ...(version === undefined ? [] : [`- ${version}`]),
    ...(reason === undefined ? [] : [`- ${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}`]),
    '',
  ];
}
