/** What a pipeline is made of, one namespace a module. */
export * as Codec from "./codec.ts"
export * as Document from "./document.ts"
export * as Key from "./key.ts"
export * as Law from "./law.ts"
export * as Progress from "./progress.ts"
export * as Method from "./method.ts"
export * as Stage from "./stage.ts"
