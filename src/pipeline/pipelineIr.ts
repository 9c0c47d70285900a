/**
 * A pipeline definition as data, before task classes are known: what one or several YAML files say
 * after merging. Every part remembers `where` (file:line:column) it was written.
 */

/** `field.path: value` as written, value still plain data. */
export interface ConfigItem {
  readonly field: string;
  readonly value: unknown;
  readonly where: string;
}

/** One label: the class that runs and its config items in the order of application (last wins). */
export interface TaskIr {
  readonly label: string;
  readonly className: string;
  readonly config: readonly ConfigItem[];
  readonly where: string;
}

export interface ContractIr {
  readonly expression: string;
  readonly message: string | null;
  readonly where: string;
}

export interface SubsetIr {
  readonly label: string;
  readonly members: readonly string[];
  readonly description: string | null;
  readonly where: string;
}

export interface StepIr {
  readonly label: string;
  readonly dimensions: readonly string[];
  readonly where: string;
}

export interface PipelineIr {
  readonly location: string;
  readonly description: string;
  readonly instrument: string | null;
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly tasks: ReadonlyMap<string, TaskIr>;
  readonly subsets: ReadonlyMap<string, SubsetIr>;
  readonly contracts: readonly ContractIr[];
  readonly steps: readonly StepIr[];
}

export interface ImportIr {
  readonly location: string;
  /** Names of tasks or subsets to take or to leave; null: take all. */
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[] | null;
  readonly rename: ReadonlyMap<string, string>;
  readonly importContracts: boolean;
  readonly importSteps: boolean;
  /** What becomes of a subset that loses a member. */
  readonly subsetMode: 'DROP' | 'EDIT';
  /** undefined: as imported; null: removed; text: replaced. */
  readonly instrument: string | null | undefined;
  readonly where: string;
}

/** One file as written: its own part and what it imports. */
export interface PipelineFile {
  readonly ir: PipelineIr;
  readonly imports: readonly ImportIr[];
}

/** Reads a text by its location; throws ApError FILE_NOT_FOUND when there is none. */
export type ReadText = (location: string) => string;

/** True when the contract's text speaks of the task label. */
export function mentionsLabel(expression: string, label: string): boolean {
  return labelPattern(label).test(expression);
}

/** The text with one label put for another. */
export function replaceLabel(expression: string, label: string, by: string): string {
  const attribute = expression.replace(labelPattern(label), (_, before: string) => `${before}${by}.`);
  return attribute.replace(new RegExp(`(config\\s*=\\s*)${escape(label)}(?=\\s*\\))`, 'g'), (_, before: string) => `${before}${by}`);
}

function labelPattern(label: string): RegExp {
  return new RegExp(`(^|[^A-Za-z0-9_.])${escape(label)}\\.`, 'g');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
