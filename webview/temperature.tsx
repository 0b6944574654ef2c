import type { VNode } from 'preact';
import type { RunManifest } from '../src/editor/dashboard/messages';
import { Slider } from './controls';
import { prefer, preferences, temperatureRange } from './preferences';

const { least, most } = temperatureRange;
/** Places of the slider: each is the same factor further. */
const places = 100;

/** The temperature that was chosen, else that of the training, else one that shows what the teacher knows. */
export function temperatureOf(manifest: RunManifest): number {
  return preferences.temperature.value ?? clamp(manifest.temperature ?? 4);
}

/** The temperature slider, logarithmic, with marks at 1 and at the temperature of the training. */
export function Temperature({ manifest }: { manifest: RunManifest }): VNode {
  const temperature = temperatureOf(manifest);
  const training = manifest.temperature;
  const marks = [{ at: 1, label: '1' }];
  if (training !== undefined && training >= least && training <= most && training !== 1)
    marks.push({ at: training, label: `${text(training)} in training` });
  return (
    <div class="temperature" data-temperature={temperature}>
      <label for="temperature">Temperature</label>
      <div class="scale">
        <Slider
          id="temperature"
          label="Temperature"
          least={0}
          most={places}
          step={1}
          value={Math.round(placeOf(temperature))}
          text={text(temperature)}
          onInput={(place) => prefer({ temperature: snapped(place, marks) })}
        />
        <div class="marks">
          {marks.map(({ at, label }) => (
            <button
              key={label}
              type="button"
              class={placeOf(at) > 80 ? 'end' : ''}
              style={{ left: `${placeOf(at)}%` }}
              title={`Set the temperature to ${text(at)}`}
              onClick={() => prefer({ temperature: at })}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      <output for="temperature">{text(temperature)}</output>
    </div>
  );
}

/** The temperature at a place of the slider; a mark that is nearer than half a place is taken exactly. */
function snapped(place: number, marks: readonly { at: number }[]): number {
  const near = marks.find(({ at }) => Math.abs(placeOf(at) - place) <= 0.5);
  const exact = least * (most / least) ** (place / places);
  return near ? near.at : clamp(Number(exact.toPrecision(3)));
}

const placeOf = (temperature: number): number =>
  (Math.log(temperature / least) / Math.log(most / least)) * places;
const clamp = (temperature: number): number => Math.min(most, Math.max(least, temperature));
const text = (temperature: number): string => format.format(temperature);
const format = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
