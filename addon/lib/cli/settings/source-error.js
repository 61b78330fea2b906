/** A file or a variable with settings cannot be used. */
export class SourceError extends Error {}
