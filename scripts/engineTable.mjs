// A reporter for vitest that prints the correctness table of the engines: npm run check:engines
import path from 'node:path';

/**
 * @typedef {{ cases: number, worst: number, failed: number, skipped: boolean, mark: string }} Cell
 * @typedef {Map<string, Map<string, Cell>>} Table Rows by what is checked, cells by engine.
 */

/** @type {Record<string, string>} */
const headings = {
  'operations.test.ts':
    'Operations: results and gradients against finite differences in double precision; the largest difference of all cases',
  'layers.test.ts':
    'Layers of the experiment language: outputs and all gradients of a training step, likewise',
};

export default class EngineTable {
  /** @param {readonly import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    /** @type {string[]} */
    const notes = [];
    for (const [file, heading] of Object.entries(headings)) {
      const module = modules.find(({ moduleId }) => path.basename(moduleId) === file);
      if (!module) continue;
      console.log(`\n${heading}\n`);
      print(tableOf(module, notes));
    }
    notes.forEach((note, i) =>
      console.log(`\n${'*'.repeat(i + 1)} Wrong upstream, and not used here. ${note}`),
    );
    for (const module of modules) {
      for (const test of module.children.allTests('failed'))
        console.log(`\n${engineOf(test)}, ${test.name}: ${test.result().errors?.[0]?.message ?? ''}`);
      for (const { message } of module.errors()) console.log(`\n${message}`);
    }
  }

  /** @param {{ content: string }} log */
  onUserConsoleLog({ content }) {
    process.stdout.write(content);
  }
}

/**
 * @param {import('vitest/node').TestModule} module
 * @param {string[]} notes
 */
function tableOf(module, notes) {
  /** @type {Table} */
  const table = new Map();
  for (const test of module.children.allTests()) {
    const subject = test.name.replace(/,.*/, '');
    const row = table.get(subject) ?? new Map();
    const cell = row.get(engineOf(test)) ?? { cases: 0, worst: 0, failed: 0, skipped: false, mark: '' };
    const { worst = 0, upstream } = test.meta();
    const { state } = test.result();
    cell.cases++;
    cell.worst = Math.max(cell.worst, worst);
    if (state === 'failed') cell.failed++;
    if (state === 'skipped') cell.skipped = true;
    if (upstream !== undefined) {
      if (!notes.includes(upstream)) notes.push(upstream);
      cell.mark = '*'.repeat(notes.indexOf(upstream) + 1);
    }
    table.set(subject, row.set(engineOf(test), cell));
  }
  return table;
}

/** @param {Table} table */
function print(table) {
  const width = Math.max(...[...table.keys()].map((name) => name.length));
  const engines = [...new Set([...table.values()].flatMap((row) => [...row.keys()]))];
  console.log(`${''.padEnd(width)}  cases${engines.map((name) => name.padStart(10)).join('')}`);
  for (const [subject, row] of table) {
    const cells = [...row.values()];
    const cases = String(cells[0]?.cases).padStart(5);
    console.log(
      `${subject.padEnd(width)}  ${cases}${cells.map((cell) => shown(cell).padStart(10)).join('')}`,
    );
  }
}

/** @param {Cell} cell */
function shown({ worst, failed, skipped, mark }) {
  if (skipped) return 'absent';
  return failed > 0 ? `${failed} wrong` : `${worst.toExponential(1)}${mark}`;
}

/** @param {import('vitest/node').TestCase} test */
function engineOf({ parent }) {
  return parent.type === 'suite' ? parent.name : '';
}
