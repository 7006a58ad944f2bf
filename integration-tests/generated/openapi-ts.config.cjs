// What hey-api makes of the document.
module.exports = {
  input: "./api.json",
  output: { path: "./hey-api", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch", "@hey-api/sdk", "@hey-api/typescript"],
};
