// Uploads a file, and goes on with an upload that broke off: node upload.mjs ENDPOINT FILE TYPE MEMORY [BYTES]; prints its address
// The access token is read from standard input. With BYTES it breaks off once so many were taken; MEMORY is what it remembers.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { FileUrlStorage, Upload } from "tus-js-client";

const [endpoint, file, type, memory, bytes] = process.argv.slice(2);
const digest = createHash("sha256");
for await (const piece of createReadStream(file)) digest.update(piece);
const upload = new Upload(createReadStream(file), {
  endpoint,
  headers: { Authorization: `Bearer ${readFileSync(0, "utf8").trim()}` },
  metadata: { filetype: type, sha256: digest.digest("hex") },
  urlStorage: new FileUrlStorage(memory),
  removeFingerprintOnSuccess: true,
  chunkSize: 5 * 1024 * 1024, // bytes in one request
  retryDelays: [0, 1000, 3000],
  onChunkComplete: async (_, taken) => {
    if (bytes === undefined || taken < Number(bytes)) return;
    await upload.abort();
    console.log(`broken off at ${taken}`);
  },
  onError: (error) => (console.error(`refused: ${error.originalResponse?.getBody() ?? error.message}`), process.exit(1)),
  onSuccess: () => console.log(upload.url),
});
const [before] = await upload.findPreviousUploads();
if (before) upload.resumeFromPreviousUpload(before);
upload.start();
