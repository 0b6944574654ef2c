import type { ReportMetric, RequirementMetric, RoleName } from '../../experiment/expectations';

/** What the numbers of `require` and `expect` mean, in Markdown. */
export const metricDocs: Record<ReportMetric, string> = {
  errors: 'Test samples that are classified wrongly; in `require`, validation samples. A count, not a share.',
  accuracy: 'The share of samples that are classified rightly, from 0 to 1; `97%` is read as 0.97.',
  agreement:
    'The share of test samples on which the model chooses the same class as the teacher, from 0 to 1.',
  kl: 'Mean Kullback–Leibler divergence from the teacher’s to the model’s probabilities at T = 1, in nats. Lower is nearer to the teacher.',
  ece: 'Expected calibration error, 15 bins, from 0 to 1: how far confidence and accuracy are apart.',
  parameters: 'Weights of the model.',
  bytes: 'Size of the saved model on disk.',
  multiply_adds: 'Multiply-adds of one forward pass of one sample.',
  gap_closed:
    'How much of the way from scratch to the teacher the student went: `(scratch.errors − student.errors) / (scratch.errors − teacher.errors)`. 1 is as good as the teacher.',
};

export const roleDocs: Record<RoleName, string> = {
  teacher: 'The large model that teaches.',
  student: 'The small model, trained with the teacher.',
  scratch:
    'The same student, samples, budget and seeds, trained without the teacher. Needs `compare: [scratch]`.',
};

/** Metrics that make sense for a role. */
export function metricsOf(role: RoleName): ReportMetric[] {
  return (Object.keys(metricDocs) as ReportMetric[]).filter((metric) => {
    if (metric === 'gap_closed') return role === 'student';
    return role !== 'teacher' || (metric !== 'agreement' && metric !== 'kl');
  });
}

export const requirementDocs: Record<RequirementMetric, string> = {
  errors: 'Validation samples that the teacher classifies wrongly.',
  accuracy:
    'The share of validation samples that the teacher classifies rightly, from 0 to 1; `97%` is read as 0.97.',
};

export const comparatorDocs: Record<string, string> = {
  '<': 'less than',
  '<=': 'at most',
  '>': 'more than',
  '>=': 'at least',
  '==': 'exactly',
};
