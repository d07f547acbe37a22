// One call of the libraries that actions/cache and actions/upload-artifact are made of:
// node client.mjs CALL ARGUMENTS-AS-JSON, the answer as JSON in the file named by ANSWER.
import { writeFileSync } from "node:fs";
import * as cache from "@actions/cache";
import { DefaultArtifactClient } from "@actions/artifact";

const artifact = new DefaultArtifactClient();
const calls = {
  saveCache: cache.saveCache,
  restoreCache: cache.restoreCache,
  uploadArtifact: (...words) => artifact.uploadArtifact(...words),
  listArtifacts: () => artifact.listArtifacts(),
  getArtifact: (name) => artifact.getArtifact(name),
  downloadArtifact: (...words) => artifact.downloadArtifact(...words),
  deleteArtifact: (name) => artifact.deleteArtifact(name),
};

const [call, words] = process.argv.slice(2);
const answer = await calls[call](...JSON.parse(words));
writeFileSync(process.env.ANSWER, JSON.stringify(answer ?? null));
