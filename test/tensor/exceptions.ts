/** The overloads whose recorded calls do not agree, each with its reason. One that agrees after all fails the test. */

export const exceptions: Readonly<Record<string, string>> = {};
