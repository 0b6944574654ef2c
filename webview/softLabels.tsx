import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Dropdown, Segments } from './controls';
import { percent } from './numbers';
import { prefer, preferences } from './preferences';
import type { RunData } from './runData';
import { SoftDetail } from './softDetail';
import { meanOf, softmax } from './softmax';
import type { ShownRun } from './store';
import { Temperature, temperatureOf } from './temperature';
import { roleNames } from './words';

type Image = RunData['images'][number];

/** What the models say of one image, softened. Null where a model has not spoken yet. */
export interface SoftLabels {
  image: Image;
  /** Its place among the images, from 0. */
  place: number;
  teacher: number[] | null;
  learner: number[] | null;
}

/** Ten test images with the teacher's soft labels beside the student's, and the temperature that shapes both. */
export function SoftLabelsPanel({ run }: { run: ShownRun }): VNode | null {
  const { data, manifest } = run;
  const chosen = useSignal(0);
  const softRole = preferences.softRole.value;
  const softSeed = preferences.softSeed.value;
  if (data.images.length === 0) return null;
  const temperature = temperatureOf(manifest);
  const learners = [...data.logits.values()].filter(({ role }) => role !== 'teacher');
  const role = learners.some((logits) => logits.role === softRole) ? softRole : 'student';
  const own = learners.filter((logits) => logits.role === role);
  const seed = own.some((logits) => logits.seed === softSeed) ? softSeed : 'mean';
  const rows = data.images.map((image, place) => ({
    image,
    place,
    teacher: soften(
      [...data.logits.values()].filter((logits) => logits.role === 'teacher'),
      'mean',
      place,
      temperature,
    ),
    learner: soften(own, seed, place, temperature),
  }));
  const names = data.classNames.length > 0 ? data.classNames : manifest.classNames;
  const name = (label: number): string => names[label] ?? String(label);
  const shown = rows[Math.min(chosen.value, rows.length - 1)]!;
  return (
    <section class="soft card" aria-labelledby="soft-title">
      <div class="card-head">
        <h2 id="soft-title">Soft labels</h2>
        <div class="switches">
          {learners.some((logits) => logits.role === 'scratch') && (
            <Segments
              label="Beside the teacher"
              value={role}
              choices={[
                { value: 'student', label: roleNames.student },
                { value: 'scratch', label: roleNames.scratch },
              ]}
              onChange={(value) => prefer({ softRole: value === 'scratch' ? 'scratch' : 'student' })}
            />
          )}
          {own.length > 1 && (
            <Dropdown
              label="Which seed"
              value={String(seed)}
              choices={[
                { value: 'mean', label: 'Mean of seeds' },
                ...own.map((logits) => ({ value: String(logits.seed), label: `Seed ${logits.seed}` })),
              ]}
              onChange={(value) => prefer({ softSeed: value === 'mean' ? 'mean' : Number(value) })}
            />
          )}
        </div>
      </div>
      <p class="quiet">
        How sure each model is of every class. The higher the temperature, the softer the labels, and the more
        they tell about which classes the teacher finds alike.
      </p>
      <Temperature manifest={manifest} />
      <div class="gallery">
        <SoftDetail labels={shown} name={name} role={role} />
        <ul class="images" aria-label="Test images">
          {rows.map((labels) => (
            <li key={labels.place}>
              <button
                type="button"
                class="image"
                aria-pressed={labels === shown}
                aria-label={described(labels, name, roleNames[role])}
                onClick={() => (chosen.value = labels.place)}
              >
                <Pixels image={labels.image} />
                <span class="columns">
                  <Columns probabilities={labels.teacher} role="teacher" label={labels.image.label} />
                  <Columns probabilities={labels.learner} role={role} label={labels.image.label} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** The pixels of an image, each a sharp square. */
export function Pixels({ image, label }: { image: Image; label?: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => draw(canvas.current!, image), [image]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      width={image.width}
      height={image.height}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    />
  );
}

/** Upright bars, one a class; the true class is marked. */
function Columns(props: { probabilities: number[] | null; role: string; label: number }): VNode {
  return (
    <span class={`${props.role} ${props.role === 'teacher' ? 'up' : 'down'}`} data-bars={props.role}>
      {(props.probabilities ?? []).map((probability, i) => (
        <span key={i} class={i === props.label ? 'true' : ''}>
          <span style={{ transform: `scaleY(${probability})` }} />
        </span>
      ))}
    </span>
  );
}

function soften(
  logits: readonly { seed: number; rows: number[][] }[],
  seed: number | 'mean',
  place: number,
  temperature: number,
): number[] | null {
  const distributions = logits
    .filter((of) => (seed === 'mean' || of.seed === seed) && of.rows[place])
    .map((of) => softmax(of.rows[place]!, temperature));
  return distributions.length === 0 ? null : meanOf(distributions);
}

function described(
  { image, teacher, learner }: SoftLabels,
  name: (label: number) => string,
  who: string,
): string {
  const top = (probabilities: number[] | null): string => {
    if (!probabilities) return 'nothing yet';
    const best = probabilities.indexOf(Math.max(...probabilities));
    return `${name(best)} ${percent(probabilities[best]!)}`;
  };
  return `Test image of ${name(image.label)}. Teacher: ${top(teacher)}. ${who}: ${top(learner)}.`;
}

function draw(canvas: HTMLCanvasElement, image: Image): void {
  const context = canvas.getContext('2d')!;
  const bytes = Uint8Array.from(atob(image.pixels), (character) => character.charCodeAt(0));
  const pixels = context.createImageData(image.width, image.height);
  for (let i = 0; i < image.width * image.height; i++)
    for (let channel = 0; channel < 4; channel++)
      pixels.data[i * 4 + channel] =
        channel === 3 ? 255 : (bytes[image.channels === 3 ? i * 3 + channel : i] ?? 0);
  context.putImageData(pixels, 0, 0);
}
