/** The page of the control interface. */
export declare const pageFile: string;
/** The version of the package. */
export declare function version(): string;
