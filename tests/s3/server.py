"""A server that speaks S3, in memory (moto), with one bucket: PORT BUCKET."""
import json
import sys
import threading

import boto3
from moto.server import ThreadedMotoServer

port, bucket = sys.argv[1:]
ThreadedMotoServer("127.0.0.1", int(port), verbose=False).start()
client = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
client.create_bucket(Bucket=bucket)
print(json.dumps({"ready": True}), flush=True)
threading.Event().wait()
