import { signal } from '@preact/signals';

/** Counts up when the theme changes: who draws with colours reads it and draws again. */
export const themeRevision = signal(0);

/** The value of a CSS variable as the theme gives it now, e.g. `color('--teacher')`. */
export function color(variable: string): string {
  let value = colors.get(variable);
  if (value === undefined) {
    value = getComputedStyle(document.body).getPropertyValue(variable).trim();
    colors.set(variable, value);
  }
  return value;
}

/** Follows the theme: VS Code sets the variables on the root element and the kind on the body. */
export function followTheme(): void {
  const changed = (): void => {
    colors.clear();
    themeRevision.value++;
  };
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-kind'] });
}

const colors = new Map<string, string>();
