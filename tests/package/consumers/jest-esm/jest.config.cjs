module.exports = { transform: {}, testTimeout: 600_000, testMatch: ['**/*.test.mjs'] };
