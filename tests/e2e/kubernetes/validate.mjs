// Reads a JSON list of manifests on stdin and holds each against the schema of its kind. The first that does not fit ends it.
import { readFileSync } from 'node:fs';

for (const manifest of JSON.parse(readFileSync(0, 'utf8'))) {
    const { apiVersion, kind } = manifest;
    const models = await import(`kubernetes-models/${apiVersion}/${kind}`);
    try {
        new models[kind](manifest).validate();
    } catch (error) {
        console.error(`${kind} ${manifest.metadata.name}: ${error.message}`);
        process.exit(1);
    }
}
