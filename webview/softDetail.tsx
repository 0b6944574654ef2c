import type { VNode } from 'preact';
import { roughPercent } from './numbers';
import { Pixels, type SoftLabels } from './softLabels';
import { roleNames } from './words';

/** The most classes that the large view lists; of more, the likeliest. */
const mostClasses = 10;

/** One image, large, with both distributions mirrored about the names of the classes: teacher left, student right. */
export function SoftDetail(props: {
  labels: SoftLabels;
  name: (label: number) => string;
  role: 'student' | 'scratch';
}): VNode {
  const { labels, name, role } = props;
  const { image, teacher, learner } = labels;
  const classes = likeliest(teacher ?? learner ?? [], image.label);
  return (
    <div class="detail">
      <figure>
        <Pixels image={image} label={`Test image ${image.index}, a ${name(image.label)}`} />
        <figcaption>
          <strong>{name(image.label)}</strong>
          <span class="quiet">image {image.index}</span>
        </figcaption>
      </figure>
      <table>
        <caption class="unseen">Probability of each class</caption>
        <thead>
          <tr>
            <th scope="col" class="teacher">
              Teacher
            </th>
            <th scope="col" class="class">
              <span class="unseen">Class</span>
            </th>
            <th scope="col" class={role}>
              {roleNames[role]}
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map((label) => (
            <tr key={label} class={label === image.label ? 'true' : ''}>
              <Side role="teacher" side="left" probability={teacher?.[label]} />
              <th scope="row" class="class">
                {name(label)}
                {label === image.label && <span class="unseen"> (true label)</span>}
              </th>
              <Side role={role} side="right" probability={learner?.[label]} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Side(props: { role: string; side: 'left' | 'right'; probability: number | undefined }): VNode {
  const { probability } = props;
  return (
    <td class={`${props.role} ${props.side}`}>
      <span class="line">
        <span class="space">
          <span class="level" style={{ transform: `scaleX(${probability ?? 0})` }} />
        </span>
        <span class="value">{probability === undefined ? '–' : roughPercent(probability)}</span>
      </span>
    </td>
  );
}

/** All classes in order when they are few; else the likeliest with the true one, in order. */
function likeliest(probabilities: readonly number[], label: number): number[] {
  const classes = probabilities.map((_, i) => i);
  if (classes.length <= mostClasses) return classes;
  const ranked = [...classes].sort((a, b) => probabilities[b]! - probabilities[a]!);
  return [...new Set([label, ...ranked])].slice(0, mostClasses).sort((a, b) => a - b);
}
