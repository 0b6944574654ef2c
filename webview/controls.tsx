import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeRadio,
  vsCodeRadioGroup,
} from '@vscode/webview-ui-toolkit';
import { createElement, type ComponentChildren, type HTMLAttributes, type VNode } from 'preact';

// The only file that knows the toolkit: a change to other form controls is a change to this file.

export interface Choice {
  value: string;
  label: string;
}

/** A button with words, with an icon before them or an icon alone. `label` is what a screen reader says of an icon. */
export function Button(props: {
  look: 'primary' | 'secondary' | 'icon';
  icon?: VNode;
  label?: string;
  tooltip?: string;
  disabled?: boolean;
  pressed?: boolean;
  onClick: () => void;
  children?: ComponentChildren;
}): VNode {
  return createElement(
    'vscode-button',
    {
      'aria-label': props.label,
      'aria-pressed': props.pressed === undefined ? undefined : String(props.pressed),
      appearance: props.look,
      title: props.tooltip ?? props.label,
      disabled: props.disabled === true,
      onClick: () => {
        if (!props.disabled) props.onClick();
      },
    } as HTMLAttributes,
    props.icon && <span slot={props.look === 'icon' ? undefined : 'start'}>{props.icon}</span>,
    props.children,
  );
}

/** One of many, in a list that opens. */
export function Dropdown(props: {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
}): VNode {
  return createElement(
    'vscode-dropdown',
    {
      'aria-label': props.label,
      value: props.value,
      onChange: (event: Event) => {
        const { value } = event.target as HTMLSelectElement;
        if (value !== props.value) props.onChange(value);
      },
    } as HTMLAttributes,
    // The toolkit shows the text that the chosen option had when it was chosen; this one follows its changes.
    <span slot="selected-value">{props.choices.find(({ value }) => value === props.value)?.label}</span>,
    props.choices.map(({ value, label }) =>
      createElement(
        'vscode-option',
        { key: value, value, selected: value === props.value } as HTMLAttributes,
        label,
      ),
    ),
  );
}

/** One of few, all in sight. */
export function Segments(props: {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (value: string) => void;
}): VNode {
  return createElement(
    'vscode-radio-group',
    {
      class: 'segments',
      'aria-label': props.label,
      value: props.value,
      onChange: (event: Event) => {
        const { value } = event.currentTarget as HTMLInputElement;
        if (value && value !== props.value) props.onChange(value);
      },
    } as HTMLAttributes,
    props.choices.map(({ value, label }) =>
      createElement('vscode-radio', { key: value, value } as HTMLAttributes, label),
    ),
  );
}

export function Checkbox(props: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: string;
}): VNode {
  return createElement(
    'vscode-checkbox',
    {
      checked: props.checked,
      onChange: (event: Event) => {
        const { checked } = event.target as HTMLInputElement;
        if (checked !== props.checked) props.onChange(checked);
      },
    } as HTMLAttributes,
    props.children,
  );
}

/** The toolkit has no slider; this is the browser's own. `text` is what a screen reader says of the value. */
export function Slider(props: {
  id: string;
  label: string;
  least: number;
  most: number;
  step: number;
  value: number;
  text: string;
  onInput: (value: number) => void;
}): VNode {
  return (
    <input
      id={props.id}
      type="range"
      min={props.least}
      max={props.most}
      step={props.step}
      value={props.value}
      aria-label={props.label}
      aria-valuetext={props.text}
      onInput={(event) => props.onInput(event.currentTarget.valueAsNumber)}
    />
  );
}

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeRadio(),
  vsCodeRadioGroup(),
);
