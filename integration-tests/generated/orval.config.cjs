// What orval makes of the document: functions, and validators of what they send and get.
const made = (client, name) => ({
  input: "./api.json",
  output: {
    client,
    target: `./orval/${name}.ts`,
    mode: "single",
    baseUrl: { getBaseUrlFromSpecification: true },
  },
});

module.exports = { calls: made("fetch", "calls"), validators: made("zod", "validators") };
