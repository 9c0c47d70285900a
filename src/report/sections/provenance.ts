import { defineSection } from '../section.ts';

export const provenance = defineSection({
  name: 'provenance', title: 'Provenance',
  view({ dataset, pipeline, run, format }) {
    return {
      logFile: run.log !== undefined && /^logs\/[A-Za-z0-9._-]+\.log$/.test(run.log) ? run.log : null,
      configuration: Object.entries(pipeline.configuration ?? {}).map(([label, text]) => ({ label, text })),
      facts: [
        { term: 'Dataset', text: `${dataset.title} (${dataset.name} ${dataset.version})` },
        { term: 'Pipeline', text: `${pipeline.name} ${pipeline.version}` },
        { term: 'Data query', text: pipeline.query ?? 'none: all images of the dataset' },
        { term: 'Overrides', text: pipeline.overrides.length === 0 ? 'none' : pipeline.overrides.join('; ') },
        { term: 'Configuration', text: pipeline.configHash },
        { term: 'Collection', text: run.collection },
        { term: 'Started', text: run.started },
        { term: 'Machine', text: `${run.host}, Node ${run.node}, ${run.workers} ${run.workers === 1 ? 'worker' : 'workers'}` },
        { term: 'Document', text: `result.json, ${format}` },
      ],
    };
  },
});
