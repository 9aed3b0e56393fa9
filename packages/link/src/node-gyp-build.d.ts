declare module "node-gyp-build" {
  /** Loads the addon of the package in this directory: its own build if there is one, else a prebuilt one that fits. */
  function load(directory: string): unknown;
  export = load;
}
