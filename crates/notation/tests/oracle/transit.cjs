// Reads Transit, one value a line, and writes each anew, with transit-js: INPUT OUTPUT KIND
const fs = require("node:fs");
const transit = require("transit-js");

const [input, output, kind] = process.argv.slice(2);
const reader = transit.reader("json");
const writer = transit.writer(kind);
const lines = fs.readFileSync(input, "utf8").trimEnd().split("\n");
fs.writeFileSync(output, lines.map((line) => writer.write(reader.read(line)) + "\n").join(""));
