// What the parts of the playground share. Nothing but types: the bundle does not have it.

/**
 * @typedef {(key: string, values?: object) => string} Say A text of words.mjs, filled in.
 * @typedef {ReturnType<typeof import("./data.mjs").readData>} Data
 *
 * @typedef {object} Lab
 * @property {any} pieces See _static/pieces/piece.js.
 * @property {Record<string, string>} words
 * @property {Say} say
 * @property {(text: string) => void} hear Say it to those who hear the page.
 * @property {Record<string, import("./data.mjs").PointSet>} sets
 * @property {import("./state.mjs").State} state
 * @property {Data} data
 * @property {import("./drawing.mjs").Scene} scene
 * @property {import("./training.mjs").Report} report
 * @property {import("./trainer.mjs").Trainer} trainer
 * @property {number} starts Counts them; an answer to a question of an earlier one is dropped.
 * @property {[number, number] | null} unit The neuron that the plane shows.
 * @property {[number, number] | null} peek The neuron under the mouse, which it shows now.
 * @property {boolean} hard
 * @property {boolean} showTest
 * @property {(settings: Partial<import("./state.mjs").State>) => void} change
 *   Take over some settings; the training starts anew.
 * @property {(text?: string, ...ways: any[]) => void} tell
 * @property {() => any[]} complaint
 * @property {() => void} paint
 * @property {() => string} ink The color of the text.
 */
export {};
