"""Verifies a token again and again with PyJWT, and prints the CPU microseconds per token."""

import json
import sys
import time

import jwt

job = json.loads(sys.argv[1])
key = jwt.PyJWK(job["jwk"]).key


def verify():
    jwt.decode(
        job["token"],
        key,
        algorithms=["RS256"],
        audience=job["audience"],
        issuer=job["issuer"],
        options={"require": ["exp", "iss", "aud", "sub"]},
        leeway=5,
    )


for _ in range(job["rounds"] // 10):
    verify()
start = time.process_time()
for _ in range(job["rounds"]):
    verify()
print((time.process_time() - start) * 1e6 / job["rounds"])
