/** Names of the backends that a visitor can choose, the default first. */
export const backendNames = ["cpu", "webgpu"] as const
export type BackendName = (typeof backendNames)[number]
