module.exports = { transform: {}, testTimeout: 600_000 };
