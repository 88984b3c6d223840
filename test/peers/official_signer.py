"""Signs requests with Huawei's own signer (PyPI: huaweicloudsdkcore) and prints them as JSON:

    python3 test/peers/official_signer.py > src/lib/signature/official-signer.json

Header values are written as node:http shows them, one character per byte.
"""
import json

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer, SM3Signer


class Keys:
    ak = "AKEXAMPLE"
    sk = "secretExample"


SDK = {
    "Content-Type": "application/json",
    "User-Agent": "huaweicloud-usdk-python/3.0",
    "X-Project-Id": "p1",
}
FORM = {"Content-Type": "multipart/form-data"}

# title, method, path, query as the SDK holds it, headers, body
CASES = [
    ("a list with query", "GET", "/v2/p1/training-jobs",
     [("limit", 10), ("offset", 0), ("sort_by", "create time"), ("flag", True)], SDK, ""),
    ("a JSON body", "POST", "/v2/p1/training-jobs", [], SDK, '{"kind": "job", "metadata": {"name": "训练"}}'),
    ("a path with a space and a plus", "GET", "/v2/p1/a b+c~d/(x)", [("k", "a+b/c~*")], SDK, ""),
    ("a repeated query name with numbers", "GET", "/v2/p1/x", [("n", [10, 2, 9])], SDK, ""),
    ("an unsigned payload", "POST", "/v2/p1/upload", [], FORM, "raw"),
    ("an unsigned payload with no body", "POST", "/v2/p1/upload", [], FORM, ""),
    ("a header that is not ASCII", "GET", "/v2/p1/x", [], {**SDK, "X-Note": "训练"}, ""),
    ("a temporary key", "GET", "/v2/p1/training-jobs", [], {**SDK, "X-Security-Token": "rws1.abc.def"}, ""),
    ("a deletion with a body", "DELETE", "/v2/p1/tags/delete", [], SDK, '{"tags": []}'),
    ("a look-up of a project", "GET", "/v3/projects", [("name", "cn-north-4")],
     {"User-Agent": "huaweicloud-usdk-python/3.0"}, ""),
    ("a header with an underscore, which is not signed", "GET", "/v2/p1/x", [], {**SDK, "X_Own": "1"}, ""),
]


def signed(algorithm, title, method, path, query, headers, body):
    request = SdkRequest(method=method, schema="http", host="127.0.0.1:8470", resource_path=path,
                         query_params=[(k, list(v) if isinstance(v, list) else v) for k, v in query],
                         header_params={**headers, "X-Sdk-Date": "20260131T101112Z"}, body=body)
    if algorithm == "V11-HMAC-SHA256":
        DerivationAKSKSigner(Keys).sign(request, "modelarts", "cn-north-4")
    else:
        {"SDK-HMAC-SHA256": Signer, "SDK-HMAC-SM3": SM3Signer}[algorithm](Keys).sign(request)
    sent = {name.lower(): value for name, value in sorted(request.header_params.items())}
    return {"algorithm": algorithm, "title": title, "method": method, "path": path,
            "query": Signer.process_canonical_query_string(request), "headers": sent, "body": body}


vectors = [signed(algorithm, *case)
           for algorithm in ("SDK-HMAC-SHA256", "SDK-HMAC-SM3", "V11-HMAC-SHA256") for case in CASES]
print(json.dumps(vectors, indent=2, ensure_ascii=True))
