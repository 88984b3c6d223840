"""Huawei Cloud's own SDK, driven from outside: one JSON document a line in, one out.

    {"describe": true}                                      every operation with its models
    {"connect": {"endpoint": .., "ak": .., "sk": .., ..}}   a client; the calls after it use it
    {"call": "show_training_job_details", "params": {..}, "body": {..}}

A body is given as JSON and becomes the SDK's models here, by the names the SDK gives them.
"""
import inspect
import json
import re
import sys

import huaweicloudsdkmodelarts.v1 as sdk
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization

LIST = re.compile(r"^list\[(.*)\]$")
MAP = re.compile(r"^dict\((?:str|object), ?(.*)\)$")


def model_of(name):
    found = getattr(sdk, name, None)
    return found if hasattr(found, "openapi_types") else None


def build(kind, value):
    """JSON as the SDK's own object of that type."""
    if value is None:
        return None
    if match := LIST.match(kind):
        return [build(match[1], item) for item in value]
    if match := MAP.match(kind):
        return {key: build(match[1], item) for key, item in value.items()}
    model = model_of(kind)
    if model is None:
        return value
    names = {wire: name for name, wire in model.attribute_map.items()}
    stranger = [key for key in value if key not in names]
    if stranger:
        raise ValueError(f"{kind} has no {stranger}")
    return model(**{names[key]: build(model.openapi_types[names[key]], item) for key, item in value.items()})


def request_class(method):
    return getattr(sdk, "".join(part.capitalize() for part in method.split("_")) + "Request", None)


def fields(model):
    return {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}


def describe():
    client = sdk.ModelArtsClient
    operations = {}
    for name, _ in inspect.getmembers(client, inspect.isfunction):
        http = getattr(client, f"_{name}_http_info", None)
        request = request_class(name)
        if http is None or request is None:
            continue
        info = http(blank_request(request))
        operations[name] = {
            "method": info["method"], "path": info["resource_path"], "request": fields(request),
            "response": info["response_type"],
        }
    models = {name: fields(model) for name, model in inspect.getmembers(sdk, inspect.isclass)
              if hasattr(model, "openapi_types")}
    return {"operations": operations, "models": models}


def blank_request(request):
    """An instance without values: required ones may not be set to nothing by the constructor."""
    blank = object.__new__(request)
    for name in request.openapi_types:
        setattr(blank, f"_{name}", None)
    return blank


class Bridge:
    def __init__(self):
        self.client = None
        self.seen = {}

    def connect(self, endpoint, ak, sk, project=None, token=None, region=None, iam=None):
        credentials = BasicCredentials(ak, sk, project)
        if token:
            credentials.with_security_token(token)
        if iam:
            credentials.with_iam_endpoint(iam)
        handler = HttpHandler().add_response_handler(self.remember)
        builder = sdk.ModelArtsClient.new_builder().with_credentials(credentials).with_http_handler(handler)
        builder = builder.with_region(Region(region, endpoint)) if region else builder.with_endpoint(endpoint)
        self.client = builder.build()
        return {"ok": True}

    def remember(self, response=None, **_):
        sent = response.request.body
        self.seen = {
            "method": response.request.method, "url": response.request.url,
            "sent": sent.decode() if isinstance(sent, bytes) else sent,
            "status": response.status_code, "raw": response.text,
        }

    def call(self, name, params, body):
        self.seen = {}
        kind = request_class(name)
        try:
            request = kind(**{key: build(kind.openapi_types[key], value) for key, value in params.items()})
            if body is not None:
                request.body = build(kind.openapi_types["body"], body)
            answer = getattr(self.client, name)(request)
            return {"ok": True, **self.seen, "answer": sanitize_for_serialization(answer)}
        except exceptions.ServiceResponseException as error:
            return {"ok": False, **self.seen, "error": {
                "class": type(error).__name__, "status": error.status_code, "code": error.error_code,
                "message": error.error_msg, "request_id": error.request_id}}
        except Exception as error:  # whatever the SDK cannot read of an answer is a finding of the tests
            return {"ok": False, **self.seen, "error": {
                "class": type(error).__name__, "status": 0, "code": "", "message": str(error), "request_id": ""}}


def main():
    bridge = Bridge()
    for line in sys.stdin:
        asked = json.loads(line)
        if "describe" in asked:
            answer = describe()
        elif "connect" in asked:
            answer = bridge.connect(**asked["connect"])
        else:
            answer = bridge.call(asked["call"], asked.get("params", {}), asked.get("body"))
        print(json.dumps(answer), flush=True)


main()
