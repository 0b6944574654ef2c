import type { VNode } from 'preact';

/** Icons of 16 × 16, drawn in the colour of the text. They say nothing by themselves: words stand beside them or in a label. */
export const icons = {
  again: () => icon('M12.8 6.2A5.2 5.2 0 1 0 13.2 9M13 2.8v3.6H9.4'),
  check: () => icon('M3.2 8.6l3.1 3.1 6.5-7.2'),
  clock: () => icon('M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM8 4.9V8l2.2 1.6'),
  cross: () => icon('M4 4l8 8M12 4l-8 8'),
  dot: () => icon('M8 4.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8Z', true),
  file: () => icon('M4 1.8h5.2L12.4 5v9.2H4ZM9 2v3.2h3.2'),
  folder: () => icon('M1.8 12.8v-9h4.3l1.5 1.8h6.6v7.2Z'),
  lock: () => icon('M4 7.2h8v6.2H4ZM5.6 7V5.2a2.4 2.4 0 0 1 4.8 0V7'),
  plus: () => icon('M8 3v10M3 8h10'),
  question: () =>
    icon(
      'M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2ZM6.3 6.3a1.7 1.7 0 1 1 2.5 1.6c-.6.3-.8.6-.8 1.2M8 11.2v.3',
    ),
  resume: () => icon('M3.4 3.4v9.2M6.6 3.4l6.8 4.6-6.8 4.6Z'),
  stop: () => icon('M4.2 4.2h7.6v7.6H4.2Z', true),
  stopAfter: () => icon('M3 4.2h6v7.6H3ZM12.6 3.4v9.2'),
  table: () => icon('M2.2 3.2h11.6v9.6H2.2ZM2.4 6.4h11.2M6.4 3.4v9.2'),
  warning: () => icon('M8 2.2l6 11H2ZM8 6.4v3.2M8 11.4v.3'),
};

function icon(path: string, solid = false): VNode {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={path}
        fill={solid ? 'currentColor' : 'none'}
        stroke="currentColor"
        stroke-width={solid ? 0 : 1.3}
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
