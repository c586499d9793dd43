/** Where the stacks run. */
export interface Place {
  /** A folder with the node_modules of the programs. */
  folder: string;
  /** The engine's own folder, with the plugins of the contestants. */
  pulumiHome: string;
  /** The folder for CPU profiles. */
  profiles: string | undefined;
}
