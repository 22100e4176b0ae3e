/** The rail is always open, but on a phone. */
export const rail = $state({ isOpen: false });
