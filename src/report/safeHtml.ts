/** Markup that may go into a page as it is. Templates escape everything else. */

/** Handlebars calls `toHTML` instead of escaping. Only the functions of this room that draw SVG, and the style sheet, make one. */
export class SafeHtml {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toHTML(): string {
    return this.#text;
  }
}

/** Text for element content and quoted attributes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"'=`]/g, c => `&#${c.charCodeAt(0)};`);
}
