import { systemClock } from "@heraldlb/runtime";
import { type Column, drawTable } from "./table.ts";

/** Where the demo is shown. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const REDRAW_MS = 80;

/** Colours, or none where nobody would see them. */
export interface Palette {
  good(text: string): string;
  bad(text: string): string;
  quiet(text: string): string;
  strong(text: string): string;
}

/** A palette for an output: plain without a terminal, or when `NO_COLOR` is set. */
export function paletteFor(output: Output, environment: Readonly<Record<string, string | undefined>>): Palette {
  const { NO_COLOR = "" } = environment;
  const colours = output.isTTY === true && NO_COLOR === "";
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { good: paint(32), bad: paint(31), quiet: paint(2), strong: paint(1) };
}

/** Shows one step at a time: alive while it runs (on a terminal), one line when it has ended. */
export class Screen {
  readonly palette: Palette;
  readonly #output: Output;
  #frame = 0;

  constructor(output: Output, palette: Palette) {
    this.#output = output;
    this.palette = palette;
  }

  /** Prints a line. */
  line(text = ""): void {
    this.#output.write(`${text}\n`);
  }

  /** Prints a table, and below it what its columns mean. */
  table(columns: readonly Column[], rows: readonly (readonly string[])[], notes: readonly string[]): void {
    this.line();
    for (const line of drawTable(columns, rows)) this.line(` ${line}`);
    this.line();
    for (const note of notes) this.line(this.palette.quiet(` ${note}`));
  }

  /**
   * Shows a step while `work` runs, then the line that it returns; returns what it returns beside that. `detail` is
   * asked for what to show meanwhile. An error ends the step with a cross and is passed on.
   */
  async step<T>(
    title: string,
    work: () => Promise<readonly [line: string, result: T]>,
    detail: () => string = () => "",
  ): Promise<T> {
    const began = systemClock.now();
    const ticker = this.#output.isTTY ? this.#animate(title, detail) : undefined;
    const finish = (mark: string, text: string): void => {
      ticker?.[Symbol.dispose]();
      const seconds = `${((systemClock.now() - began) / 1000).toFixed(1)} s`;
      this.line(` ${mark} ${text}  ${this.palette.quiet(seconds)}`);
    };
    try {
      const [text, result] = await work();
      finish(this.palette.good("✔"), text);
      return result;
    } catch (error) {
      finish(this.palette.bad("✘"), title);
      throw error;
    }
  }

  #animate(title: string, detail: () => string): Disposable {
    let timer: Disposable | undefined;
    const draw = (): void => {
      this.#frame = (this.#frame + 1) % FRAMES.length;
      const room = (this.#output.columns ?? 80) - 1;
      const head = ` ${FRAMES[this.#frame]} ${title}  `.slice(0, room);
      const tail = this.palette.quiet(detail().slice(0, room - head.length));
      this.#output.write(`\r\u001b[K${head}${tail}`);
      timer = systemClock.timer(REDRAW_MS, draw);
    };
    draw();
    return {
      [Symbol.dispose]: () => {
        timer?.[Symbol.dispose]();
        this.#output.write("\r\u001b[K");
      },
    };
  }
}
