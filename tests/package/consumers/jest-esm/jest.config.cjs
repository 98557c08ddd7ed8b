module.exports = { transform: {}, testMatch: ['**/*.test.mjs'] };
