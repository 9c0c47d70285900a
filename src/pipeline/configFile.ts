/** The assignments of a Python config file (`config.a.b = literal`), without running Python. */
import { badPipeline } from './badPipeline.ts';
import { literalValue } from './expression.ts';
import type { ConfigItem } from './pipelineIr.ts';

/**
 * Items of a config override file. Blank lines and comments are skipped; a value may go over several
 * lines inside brackets. Anything but an assignment of a literal is refused with its line.
 */
export function parseConfigFile(text: string, location: string): readonly ConfigItem[] {
  const items: ConfigItem[] = [];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const first = i;
    let statement = withoutComment(lines[i]!);
    while (openBrackets(statement) > 0 && i + 1 < lines.length) statement += ` ${withoutComment(lines[++i]!)}`;
    if (statement.trim() === '') continue;
    items.push(assignment(statement, `${location}:${first + 1}:1`));
  }
  return items;
}

function assignment(statement: string, where: string): ConfigItem {
  const match = /^config\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*=(?!=)\s*(.*)$/.exec(statement.trim());
  if (match === null) {
    throw badPipeline({ where, found: `'${statement.trim()}'`, expected: 'only lines of the form config.field = literal' });
  }
  return { field: match[1]!, value: literalValue(match[2]!, where), where };
}

/** The line up to a `#` that is not inside quotes. */
function withoutComment(line: string): string {
  return /^(?:[^#'"]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*/.exec(line)?.[0].trimEnd() ?? line;
}

function openBrackets(statement: string): number {
  const bare = statement.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '');
  return (bare.match(/[[({]/g) ?? []).length - (bare.match(/[\])}]/g) ?? []).length;
}
