/** The `noether` command: each of its commands with the body that does the work. */
import { Command } from "effect/cli"
import { noether as root } from "./cli/command-line.ts"
import { adapt as adaptCommand } from "./cli/adapt.ts"
import { chem as chemCommand } from "./cli/chem.ts"
import { embed as embedCommand } from "./cli/embed.ts"
import { energy as energyCommand } from "./cli/energy.ts"
import { experiment as experimentCommand } from "./cli/experiment.ts"
import { evaluate as evaluateCommand } from "./cli/evaluate.ts"
import { generate as generateCommand } from "./cli/generate.ts"
import { guide as guideCommand } from "./cli/guide.ts"
import { grow as growCommand } from "./cli/grow.ts"
import { inspect as inspectCommand } from "./cli/inspect.ts"
import { run as runCommand } from "./cli/run.ts"
import { train as trainCommand } from "./cli/train.ts"
import { adapt } from "./commands/adapt.ts"
import { basis } from "./commands/chem.ts"
import { embed } from "./commands/embed.ts"
import { energy } from "./commands/energy.ts"
import { experiment as multiToken } from "./commands/experiment/index.ts"
import { evaluate } from "./commands/evaluate.ts"
import { generate } from "./commands/generate.ts"
import { guide } from "./commands/guide/index.ts"
import { guideStudy as guidingStates } from "./commands/guide/study/index.ts"
import { grow } from "./commands/grow.ts"
import { inspect } from "./commands/inspect.ts"
import { run } from "./commands/run/index.ts"
import { train } from "./commands/train.ts"

/** All commands, the main job first. */
export const noether = root.pipe(Command.withSubcommands([
  runCommand(run),
  trainCommand(train),
  growCommand(grow),
  adaptCommand(adapt),
  generateCommand(generate),
  evaluateCommand(evaluate),
  experimentCommand({ multiToken, guidingStates }),
  inspectCommand(inspect),
  chemCommand({ basis }),
  energyCommand(energy),
  embedCommand(embed),
  guideCommand(guide)
]))
