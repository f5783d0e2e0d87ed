// Verifies a token again and again with jose, and prints the CPU microseconds per token.

import { importJWK, jwtVerify } from "jose";

const job = JSON.parse(process.argv[2]);
const key = await importJWK(job.jwk, "RS256");
const options = {
  algorithms: ["RS256"],
  audience: job.audience,
  issuer: job.issuer,
  requiredClaims: ["exp", "iss", "aud", "sub"],
  clockTolerance: 5,
};

for (let round = 0; round < job.rounds / 10; round += 1) {
  await jwtVerify(job.token, key, options);
}
const start = process.cpuUsage();
for (let round = 0; round < job.rounds; round += 1) {
  await jwtVerify(job.token, key, options);
}
const used = process.cpuUsage(start);
console.log((used.user + used.system) / job.rounds);
