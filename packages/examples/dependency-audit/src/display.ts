// Progress: a spinner below the lines on a terminal, the lines alone everywhere else.

import ora from 'ora';

export interface Display {
  /** Stays. */
  line(text: string): void;
  /** Replaced by the next one. */
  progress(text: string): void;
  end(): void;
}

export function openDisplay(stream: NodeJS.WriteStream): Display {
  const spinner = stream.isTTY && !process.env['CI'] ? ora({ stream, discardStdin: false }) : undefined;
  const end = (): void => {
    if (spinner?.isSpinning === true) spinner.stop();
  };
  return {
    line(text) {
      end();
      stream.write(`${text}\n`);
    },
    progress(text) {
      // Some pseudo-terminals have no width. ora would never finish to clear its lines there.
      if (spinner === undefined || stream.columns === 0) return;
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    end,
  };
}
