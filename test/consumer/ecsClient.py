"""Calls ECS with the vendor's SDK. Each line of standard input is a call, each line of standard output its answer, in JSON."""

import json
import re
import sys

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.utils_models import Config


def snake_case(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def answer(client, action, parameters):
    request = getattr(models, action + "Request")(
        **{snake_case(name): value for name, value in parameters.items()}
    )
    try:
        return {"body": getattr(client, snake_case(action))(request).body.to_map()}
    except Exception as error:
        return {"code": getattr(error, "code", None) or repr(error)}


endpoint, access_key_id, access_key_secret = sys.argv[1:]
config = Config(
    access_key_id=access_key_id,
    access_key_secret=access_key_secret,
    protocol="http",
    endpoint=endpoint,
)
ecs = Client(config)
for line in sys.stdin:
    call = json.loads(line)
    print(json.dumps(answer(ecs, call["action"], call["parameters"])), flush=True)
