// What scripts/contract runs: node contract.mjs SOLC_PACKAGE FOLDER [--check]
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , solcPackage, folder, mode] = process.argv;
const solc = createRequire(import.meta.url)(solcPackage);
const source = readFileSync(join(folder, "AnchorLog.sol"), "utf8");

const input = {
  language: "Solidity",
  sources: { "AnchorLog.sol": { content: source } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    // No opcode younger than the Merge: chains that follow Ethereum late run it too.
    evmVersion: "paris",
    // The same source gives the same bytes, wherever it is compiled.
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
  },
};

const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
const contract = output.contracts?.["AnchorLog.sol"]?.AnchorLog;
if (!contract) process.exit(1);

const made = {
  compiler: solc.version(),
  abi: contract.abi,
  bytecode: "0x" + contract.evm.bytecode.object,
  deployed: "0x" + contract.evm.deployedBytecode.object,
};
const text = JSON.stringify(made, null, 2) + "\n";
const path = join(folder, "AnchorLog.json");

if (mode !== "--check") {
  writeFileSync(path, text);
} else if (readFileSync(path, "utf8") !== text) {
  console.error("AnchorLog.json is not what AnchorLog.sol compiles to; run scripts/contract and deploy anew");
  process.exit(1);
}
