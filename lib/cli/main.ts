/**
 * `tench COMMAND`: picks the command and gives it its arguments.
 */

import { setup, type Context } from './setup.js';

const usage = `Usage: tench COMMAND [OPTIONS]

  setup    sets up what is missing: dependencies, LibTorch, addon, TypeScript
  start    sets up what is missing, then trains (tench start --help)
  build    calls the compilers
  doctor   what is installed, found and chosen, and why
`;

/** Runs one command line and returns its exit code: 0, 2 for wrong usage, 130 after Ctrl-C, 1 for everything else. */
export async function main(argv: string[], context: Context): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case 'setup':
    case 'build':
      return setup(command, rest, context);
    case 'start': {
      const code = await setup('setup', [], context);
      if (code !== 0) return code;
      // Loaded only now: it loads the addon, which set-up has just made.
      const { start } = await import('./start.js');
      return start(rest);
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.js');
      return doctor(rest);
    }
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage);
      return 0;
    default:
      process.stderr.write(command === undefined ? usage : `tench: there is no command \`${command}\`\n${usage}`);
      return 2;
  }
}
