/** What has changed of what speakers report, as `standby.fixture.ts` prints it. */
export interface Heard {
  /** Who answers, by group. */
  readonly groups: Readonly<
    Record<string, readonly { readonly node: string; readonly interfaces: readonly string[] }[]>
  >;
  /** Which routers hear, by route. */
  readonly routes: Readonly<Record<string, readonly { readonly node: string; readonly peers: readonly string[] }[]>>;
  /** All sessions. */
  readonly sessions: readonly {
    readonly node: string;
    readonly peer: string;
    readonly state: string;
    readonly reason: string;
  }[];
}
