/** How a new backup is checked before it counts. */
export const VERIFY_LEVELS = ['quick', 'full'] as const;

/** How a finished backup can be checked, from the weakest to the strongest. */
export const VERIFICATION_LEVELS = ['hash', ...VERIFY_LEVELS, 'drill'] as const;
