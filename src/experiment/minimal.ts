/** The shortest experiment worth running; offered for an empty file. A test runs it through the whole parser. */
export const minimalExperiment = `version: 1
name: My experiment

data:
  source: mnist

teacher:
  model: {mlp: [400, 400]}
  train:
    epochs: 4

student:
  model: {mlp: [32]}

distill:
  epochs: 10
  losses:
    - kd: {temperature: 4}
      weight: 0.9
    - ce: {}
      weight: 0.1

compare: [scratch]
expect:
  - student.errors < scratch.errors
`;
